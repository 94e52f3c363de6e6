//! Conditions: what the network, the power and the hour hold, and where the person does not mind.
//!
//! Facts come from the system ([`system`]), rules from the person's settings, both at any time; the hour goes on by itself. Each
//! time `core::conditions` judges anew; what comes of it is told to the machine, and the hour's limit to the limiter. "Upload
//! anyway" is written down before it counts, and forgotten when its reason ends.

#[cfg(target_os = "linux")]
mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, watch};
use windlass_core::conditions::{
    Anyway, Facts, Holds, Metered, Rules, Schedule, Verdict, judge, may_be_passed,
};
use windlass_core::error::{ErrorCode, Failure};
use windlass_core::ids::{DestinationId, GroupId};
use windlass_core::machine::Event;
use windlass_core::states::BlockedReason;
use windlass_core::time::Timestamp;
use windlass_queue::destinations::DestinationKind;
use windlass_queue::{groups, settings, watched};

use crate::changes;
use crate::clock;
use crate::handle::Scope;
use crate::infos::locked;
use crate::shell::Shared;
use crate::view::{Around, SettingKey, WatchSettings};

/// Keys of the person's rules.
pub(crate) const METERED: &str = "metered";
pub(crate) const TRUSTED: &str = "trusted_networks";
pub(crate) const BATTERY: &str = "battery_below";
pub(crate) const SAVER: &str = "power_saver";
pub(crate) const SCHEDULE: &str = "schedule";
/// All of them.
pub(crate) const RULES: [&str; 5] = [METERED, TRUSTED, BATTERY, SAVER, SCHEDULE];
/// Where each "anyway" is kept that outlives a launch.
pub(crate) const ANYWAY: &str = "anyway";
/// The wall clock may be set, or the computer sleep: nothing waits longer without a look at it.
const LOOK: Duration = Duration::from_secs(5);

/// What is known, wanted, and came of it.
pub(crate) struct Conditions {
    state: Mutex<State>,
    wake: Notify,
    /// Who applies: one after the other, so that the machine hears the newest last.
    turn: tokio::sync::Mutex<()>,
    /// Counts wakes and changes of the network.
    lines: watch::Sender<u64>,
    /// What the system knows was heard; or nobody listens to it.
    heard: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    facts: Facts,
    rules: Rules,
    anyway: Vec<Anyway>,
    verdict: Verdict,
    holds: Holds,
    /// The person's limit for all hours.
    limit: Option<u64>,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            wake: Notify::new(),
            turn: tokio::sync::Mutex::default(),
            lines: watch::channel(0).0,
            heard: watch::channel(true).0,
        }
    }
}

impl Conditions {
    /// Counts how often the computer woke or changed its network.
    pub(crate) fn lines(&self) -> watch::Receiver<u64> {
        self.lines.subscribe()
    }

    /// Something may be different: a look soon.
    pub(crate) fn stir(&self) {
        self.wake.notify_one();
    }

    /// The conditions as people see them.
    pub(crate) fn view(&self) -> Around {
        let state = locked(&self.state);
        let (network, power) = (&state.facts.network, &state.facts.power);
        let passed = |reason: &BlockedReason| state.holds.anyway.contains(&(*reason, None));
        Around {
            reasons: state.verdict.reasons.clone(),
            anyway: state.verdict.reasons.iter().copied().filter(passed).collect(),
            online: network.online,
            metered: network.metered,
            network: network.name.clone(),
            on_battery: power.on_battery,
            battery: power.percent,
            saver: power.saver,
            opens_at: state.verdict.opens_at.map(Timestamp::as_millis),
            changes_at: state.verdict.changes_at.map(Timestamp::as_millis),
            limit: state.verdict.limit,
            asks: state.verdict.asks && !passed(&BlockedReason::Metered),
        }
    }

    /// The person's limit for all hours; it counts at once.
    pub(crate) fn set_limit(&self, shared: &Shared, limit: Option<u64>) {
        let mut state = locked(&self.state);
        state.limit = limit;
        limit_now(shared, &state);
    }
}

/// The smaller one of the person's limit and the hour's.
fn limit_now(shared: &Shared, state: &State) {
    let hour = state
        .verdict
        .limit
        .filter(|_| !state.holds.anyway.contains(&(BlockedReason::Schedule, None)));
    let limit = [state.limit, hour].into_iter().flatten().min();
    if shared.limiter.rate() != limit {
        shared.limiter.set(limit);
    }
}

/// Follows the rules that were chosen before. Nothing moves before this ended.
pub(crate) async fn begin(shared: &Arc<Shared>, all: &BTreeMap<String, Value>) {
    {
        let mut state = locked(&shared.conditions.state);
        state.rules = rules(all);
        state.anyway = all
            .get(ANYWAY)
            .and_then(|v| serde_json::from_value(v.clone()).ok())
            .unwrap_or_default();
    }
    apply(shared).await;
}

/// The person chose other rules.
pub(crate) async fn rules_changed(shared: &Arc<Shared>) -> Result<(), Failure> {
    let all = shared.queue.read(settings::all).await?;
    locked(&shared.conditions.state).rules = rules(&all);
    apply(shared).await;
    Ok(())
}

/// What is written, with the default where nothing is, or nothing that could be one.
fn rules(all: &BTreeMap<String, Value>) -> Rules {
    let default = Rules::default();
    let word = |key: &str| all.get(key).cloned();
    Rules {
        metered: word(METERED)
            .and_then(|v| serde_json::from_value::<Metered>(v).ok())
            .unwrap_or_default(),
        trusted: word(TRUSTED).map(|v| trusted(&v)).unwrap_or_default(),
        battery_below: word(BATTERY)
            .and_then(|v| u8::try_from(v.as_u64()?).ok())
            .unwrap_or(default.battery_below),
        saver: word(SAVER).and_then(|v| v.as_bool()).unwrap_or(default.saver),
        schedule: word(SCHEDULE).and_then(|v| serde_json::from_value::<Schedule>(v).ok()),
    }
}

/// The ids of `[{"id": …, "name": …}]`.
fn trusted(value: &Value) -> BTreeSet<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|v| v["id"].as_str()).map(str::to_owned).collect()
}

/// Whether a value is what a key of [`RULES`] may hold.
pub(crate) fn may_be(key: &str, value: &Value) -> bool {
    match key {
        METERED => serde_json::from_value::<Metered>(value.clone()).is_ok(),
        TRUSTED => value.as_array().is_some_and(|all| {
            all.len() <= 1_000 && all.iter().all(|v| v["id"].is_string() && v["name"].is_string())
        }),
        BATTERY => value.as_u64().is_some_and(|n| n <= 100),
        SAVER => value.is_boolean(),
        SCHEDULE => value.is_null() || serde_json::from_value::<Schedule>(value.clone()).is_ok(),
        _ => false,
    }
}

/// Judges anew, until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    loop {
        apply(&shared).await;
        let next = {
            let state = locked(&shared.conditions.state);
            let ends = state.anyway.iter().filter_map(|a| a.until);
            state.verdict.changes_at.into_iter().chain(ends).min()
        };
        let wait = next.map_or(LOOK, |at| {
            let ms = u64::try_from(at.millis_since(clock::now())).unwrap_or(0);
            // One moment later, so that the clock shows the new hour.
            Duration::from_millis(ms.saturating_add(1)).min(LOOK)
        });
        tokio::select! {
            () = shared.conditions.wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
            () = shared.stop.cancelled() => return,
        }
    }
}

/// Hears the system, if it has something to say. Without it nothing of network and power is known, and nothing holds.
pub(crate) fn follow_system(shared: &Arc<Shared>) {
    #[cfg(target_os = "linux")]
    shared.conditions.heard.send_replace(false);
    #[cfg(target_os = "linux")]
    shared.tasks.spawn(system::run(Arc::clone(shared)));
    #[cfg(not(target_os = "linux"))]
    let _ = shared;
}

/// Waits for the first that the system says, or the end of the engine.
pub(crate) async fn system_known(shared: &Shared) {
    let mut heard = shared.conditions.heard.subscribe();
    tokio::select! {
        // A system that does not answer has nothing to say.
        _ = tokio::time::timeout(LOOK, heard.wait_for(|heard| *heard)) => {}
        () = shared.stop.cancelled() => {}
    }
}

/// What the system says now.
#[cfg(target_os = "linux")]
async fn heard(shared: &Arc<Shared>, facts: Facts) {
    if locked(&shared.conditions.state).facts != facts {
        changed(shared, facts).await;
    }
    shared.conditions.heard.send_replace(true);
}

#[cfg(target_os = "linux")]
async fn changed(shared: &Arc<Shared>, facts: Facts) {
    let other = {
        let mut state = locked(&shared.conditions.state);
        let (old, new) = (&state.facts.network, &facts.network);
        let moved = old.id.is_some() && new.id.is_some() && old.id != new.id;
        let back = old.online == Some(false) && new.online == Some(true);
        state.facts = facts;
        moved || back
    };
    apply(shared).await;
    shared.deltas.around_changed();
    if other {
        new_lines(shared).await;
    }
}

/// The computer woke, or has another network.
#[cfg(target_os = "linux")]
async fn new_lines(shared: &Arc<Shared>) {
    tracing::info!("connections begin anew");
    windlass_way::renew();
    shared.conditions.lines.send_modify(|n| *n = n.wrapping_add(1));
    shared.event(Event::NewLines).await;
}

/// Judges, and tells the machine and the limiter what came of it.
async fn apply(shared: &Arc<Shared>) {
    let _turn = shared.conditions.turn.lock().await;
    let local = local(shared).await;
    let spared = spared(shared).await;
    let (holds, forgotten) = {
        let mut state = locked(&shared.conditions.state);
        let now = clock::now();
        let zoned = clock::zoned(now, state.rules.schedule.is_some());
        let verdict = judge(&state.facts, &state.rules, &zoned);
        let before = state.anyway.len();
        let facts = state.facts.clone();
        state.anyway.retain(|a| a.goes_on(&facts, &verdict, now));
        let holds = Holds {
            reasons: verdict.reasons.clone(),
            anyway: state.anyway.iter().map(|a| (a.reason, a.group)).collect(),
            spared: spared.unwrap_or_else(|| state.holds.spared.clone()),
            local: local.unwrap_or_else(|| state.holds.local.clone()),
        };
        let other = (state.verdict != verdict || state.holds != holds).then(|| holds.clone());
        let forgotten = state.anyway.len() != before;
        (state.verdict, state.holds) = (verdict, holds);
        limit_now(shared, &state);
        (other, forgotten)
    };
    if forgotten && let Err(why) = keep(shared).await {
        tracing::warn!(error = %why, "what was to be forgotten is still written down");
    }
    if let Some(holds) = holds {
        tracing::info!(reasons = ?holds.reasons, anyway = ?holds.anyway, "conditions");
        shared.event(Event::Hold(holds)).await;
        shared.deltas.around_changed();
    }
}

/// Destinations that are reached without a network: folders. An address of this computer may be a tunnel to elsewhere.
async fn local(shared: &Shared) -> Option<BTreeSet<DestinationId>> {
    let rows = crate::places::rows(shared).await.ok()?;
    let folders = rows.into_iter().filter(|r| r.kind == DestinationKind::Folder);
    Some(folders.map(|r| r.id).collect())
}

/// What the rules of watched folders spare their groups.
async fn spared(shared: &Shared) -> Option<BTreeSet<(BlockedReason, GroupId)>> {
    let open = shared.queue.read(watched::open_groups).await.ok()?;
    let spared = open.into_iter().flat_map(|(group, rules)| {
        let settings: WatchSettings = serde_json::from_value(rules).unwrap_or_default();
        settings.despite.into_iter().map(move |reason| (reason, group))
    });
    Some(spared.collect())
}

/// Writes down each "anyway" that the next launch can understand.
async fn keep(shared: &Shared) -> Result<(), Failure> {
    let kept: Vec<Anyway> = locked(&shared.conditions.state)
        .anyway
        .iter()
        .filter(|a| a.outlives_a_launch())
        .cloned()
        .collect();
    let value = serde_json::to_value(kept).map_err(|e| Failure::new(ErrorCode::Internal, e.to_string()))?;
    Ok(shared
        .queue
        .write(move |conn| settings::set(conn, ANYWAY, &value))
        .await?)
}

/// The person does not mind a reason, or any that holds now; for a group or for all. Answers how many reasons that were.
pub(crate) async fn anyway(
    shared: &Arc<Shared>,
    scope: Scope,
    reason: Option<BlockedReason>,
) -> Result<u64, Failure> {
    let group = group_of(shared, scope).await?;
    if let Some(reason) = reason.filter(|r| !may_be_passed(*r)) {
        let detail = format!("{} can't be passed over", reason.as_str());
        return Err(Failure::new(ErrorCode::BadRequest, detail));
    }
    let count = {
        let mut state = locked(&shared.conditions.state);
        let fresh: Vec<Anyway> = state
            .verdict
            .reasons
            .iter()
            .filter(|r| reason.is_none_or(|wanted| wanted == **r))
            .map(|r| Anyway::new(*r, group, &state.facts, &state.verdict))
            .collect();
        for anyway in &fresh {
            state
                .anyway
                .retain(|a| (a.reason, a.group) != (anyway.reason, anyway.group));
        }
        state.anyway.extend(fresh.iter().cloned());
        fresh.len() as u64
    };
    keep(shared).await?;
    apply(shared).await;
    Ok(count)
}

/// The person minds again: what was said for this group, or for all, is forgotten.
pub(crate) async fn mind_again(shared: &Arc<Shared>, scope: Scope) -> Result<(), Failure> {
    let group = group_of(shared, scope).await?;
    locked(&shared.conditions.state)
        .anyway
        .retain(|a| a.group != group);
    keep(shared).await?;
    apply(shared).await;
    Ok(())
}

async fn group_of(shared: &Shared, scope: Scope) -> Result<Option<GroupId>, Failure> {
    match scope {
        Scope::App => Ok(None),
        Scope::Group(id) => match shared.queue.read(move |conn| groups::get(conn, id)).await? {
            Some(_) => Ok(Some(id)),
            None => Err(Failure::new(ErrorCode::NotFound, "no such group")),
        },
        Scope::File(_) => Err(Failure::new(
            ErrorCode::BadRequest,
            "what holds is passed over for a group or for all",
        )),
    }
}

/// The network of now is never taken for metered from now on.
pub(crate) async fn trust_network(shared: &Arc<Shared>) -> Result<(), Failure> {
    let network = locked(&shared.conditions.state).facts.network.clone();
    let Some(id) = network.id else {
        return Err(Failure::new(
            ErrorCode::NotFound,
            "the system does not say which network this is",
        ));
    };
    let name = network.name.unwrap_or_else(|| id.clone());
    shared
        .queue
        .write(move |conn| {
            let was = settings::get(conn, TRUSTED)?;
            let mut all = was
                .as_ref()
                .and_then(|v| v.as_array().cloned())
                .unwrap_or_default();
            all.retain(|v| v["id"] != id.as_str());
            all.push(serde_json::json!({"id": id, "name": name}));
            let all = Value::from(all);
            changes::setting(conn, SettingKey::TrustedNetworks, was.as_ref(), &all)?;
            settings::set(conn, TRUSTED, &all)
        })
        .await?;
    shared.deltas.settings_changed();
    rules_changed(shared).await
}
