//! A client that goes the way of the process, made anew when that is another.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{ClientBuilder, Url};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::DestinationId;

/// A connection that nobody uses is closed: stores and proxies forget one after 20 s or more, and it takes a descriptor on both
/// sides.
const IDLE: Duration = Duration::from_secs(15);

type Make = Box<dyn Fn() -> ClientBuilder + Send + Sync>;

/// See the module.
pub struct Client {
    make: Make,
    direct: bool,
    place: Option<DestinationId>,
    made: Mutex<(u64, reqwest::Client)>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("direct", &self.direct)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client as `make` has it: timeouts, redirects. `direct`: for what lies on this computer, never by a proxy. `place`: the
    /// destination that it serves, which may have a proxy of its own.
    ///
    /// # Errors
    /// When the TLS set-up of this computer can't be read.
    pub fn new(
        direct: bool,
        place: Option<DestinationId>,
        make: impl Fn() -> ClientBuilder + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let make: Make = Box::new(make);
        let made = Mutex::new(build(&make, direct, place)?);
        Ok(Self {
            make,
            direct,
            place,
            made,
        })
    }

    /// The destination that it serves.
    pub(crate) fn place(&self) -> Option<DestinationId> {
        self.place
    }

    /// Never by a proxy.
    pub(crate) fn is_direct(&self) -> bool {
        self.direct
    }

    /// The client of now. Cheap: it is made anew only after a choice, or when connections begin anew.
    #[must_use]
    pub fn get(&self) -> reqwest::Client {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.0 != crate::number()
            && let Ok(new) = build(&self.make, self.direct, self.place)
        {
            *made = new;
        }
        made.1.clone()
    }
}

fn build(make: &Make, direct: bool, place: Option<DestinationId>) -> Result<(u64, reqwest::Client), Failure> {
    let (number, builder) = crate::now(place, |all, own| {
        let builder = all.believing(make())?;
        own.unwrap_or(all).by_proxy(builder)
    });
    let mut builder = builder?.pool_idle_timeout(IDLE);
    if direct {
        builder = builder.no_proxy();
    }
    let client = builder
        .build()
        .map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
    Ok((number, client))
}

/// Whether an address names this computer.
#[must_use]
pub fn is_loopback(url: &str) -> bool {
    let parsed = url.parse::<Url>().ok();
    parsed.as_ref().and_then(Url::host_str).is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    })
}
