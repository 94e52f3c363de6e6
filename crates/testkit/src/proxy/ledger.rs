//! What a proxy saw.

use std::collections::BTreeMap;

/// What a request wants from an S3 storage, or that it is something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `PUT` of one part of a multipart upload.
    PutPart,
    /// `PUT` of a whole object.
    PutObject,
    /// `POST ?uploads`
    Create,
    /// `POST ?uploadId=`
    Complete,
    /// `DELETE ?uploadId=`
    Abort,
    /// `GET ?uploadId=`
    ListParts,
    /// `HEAD`
    Head,
    /// Any other `GET`.
    Get,
    /// Everything else.
    Other,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The connection that it came over.
    pub connection: u64,
    /// What it wants.
    pub call: Call,
    /// Its method.
    pub method: String,
    /// Its path as sent, percent-encoded, without the query.
    pub path: String,
    /// Its query, decoded.
    pub query: BTreeMap<String, String>,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Content bytes that came from the client so far.
    pub body_bytes: u64,
    /// What the server answered, once it did. A status that a rule made up does not count.
    pub status: Option<u16>,
    /// Whether the whole answer was handed to the client's connection.
    pub answered: bool,
    /// A clock of another time refused it.
    pub refused_for_its_date: bool,
    /// The rule that it met.
    pub fault: Option<&'static str>,
}

impl Seen {
    pub(crate) fn new(method: &str, target: &str, headers: Vec<(String, String)>) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let has = |name: &str| query.contains_key(name);
        let call = match method {
            "PUT" if has("partNumber") => Call::PutPart,
            "PUT" => Call::PutObject,
            "POST" if has("uploads") => Call::Create,
            "POST" if has("uploadId") => Call::Complete,
            "DELETE" if has("uploadId") => Call::Abort,
            "GET" if has("uploadId") => Call::ListParts,
            "HEAD" => Call::Head,
            "GET" => Call::Get,
            _ => Call::Other,
        };
        Self {
            connection: 0,
            call,
            method: method.to_owned(),
            path: path.to_owned(),
            query,
            headers,
            body_bytes: 0,
            status: None,
            answered: false,
            refused_for_its_date: false,
            fault: None,
        }
    }

    /// The number in `partNumber=`.
    #[must_use]
    pub fn part(&self) -> Option<u32> {
        self.query
            .get("partNumber")
            .and_then(|number| number.parse().ok())
    }

    /// Whether the server took it (2xx).
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// All requests, in the order they began.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Vec<Seen>);

impl Ledger {
    pub(crate) fn add(&mut self, seen: Seen) -> usize {
        self.0.push(seen);
        self.0.len() - 1
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut Seen> {
        self.0.get_mut(number)
    }

    /// Every request.
    #[must_use]
    pub fn all(&self) -> &[Seen] {
        &self.0
    }

    /// The requests of one kind.
    pub fn of(&self, call: Call) -> impl Iterator<Item = &Seen> {
        self.0.iter().filter(move |seen| seen.call == call)
    }

    /// How many there are of one kind.
    #[must_use]
    pub fn count(&self, call: Call) -> usize {
        self.of(call).count()
    }

    /// How many of one kind the server took.
    #[must_use]
    pub fn stored(&self, call: Call) -> usize {
        self.of(call).filter(|seen| seen.is_stored()).count()
    }

    /// Content bytes of parts and objects that came from the client, whatever became of them.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.0
            .iter()
            .filter(|seen| matches!(seen.call, Call::PutPart | Call::PutObject))
            .map(|seen| seen.body_bytes)
            .sum()
    }

    /// Parts that began to be sent although the server had taken the same part of the same object in an earlier request:
    /// path and number, one entry for each needless sending. The upload's id does not matter: starting the object over
    /// is sending again too.
    #[must_use]
    pub fn sent_again(&self) -> Vec<(String, u32)> {
        let mut taken = BTreeMap::new();
        let mut again = Vec::new();
        for seen in self.of(Call::PutPart) {
            let part = (seen.path.clone(), seen.part().unwrap_or_default());
            if taken.contains_key(&part) {
                again.push(part.clone());
            }
            if seen.is_stored() {
                taken.insert(part, ());
            }
        }
        again
    }

    /// Counts by kind, for messages.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut counts: BTreeMap<Call, (usize, usize)> = BTreeMap::new();
        for seen in &self.0 {
            let count = counts.entry(seen.call).or_default();
            count.0 += 1;
            count.1 += usize::from(seen.is_stored());
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(call, (all, stored))| format!("{call:?} {all} ({stored} taken)"))
            .collect();
        if counts.is_empty() {
            "nothing".to_owned()
        } else {
            counts.join(", ")
        }
    }
}
