//! The system's services, over D-Bus: NetworkManager or the portal for the network, UPower and power profiles for the power,
//! logind for sleep.
//!
//! One task, from the moment the engine follows the system until it stops. A signal is only a reason to read the facts anew, so a
//! lost one is made good by the next; a service that is not there, or answers nothing in time, leaves its facts unknown. When
//! the bus goes, all of it is unknown, and the bus is looked for again.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{BoxStream, SelectAll};
use windlass_core::conditions::{Facts, Network, Power};
use zbus::message::Type;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zbus::{Connection, MatchRule, Message, MessageStream};

use crate::shell::Shared;

/// No service takes longer to say what it knows.
const ANSWER: Duration = Duration::from_secs(2);
/// Until the bus is looked for again.
const AGAIN: Duration = Duration::from_secs(30);
/// Signals come in bursts; one look is enough for all of a burst.
const BURST: Duration = Duration::from_millis(100);
/// Signals that may wait to be read.
const WAITING: usize = 64;

const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// An object of a service with its interface.
#[derive(Clone, Copy)]
struct At {
    name: &'static str,
    path: &'static str,
    interface: &'static str,
}

const NETWORK: At = At {
    name: "org.freedesktop.NetworkManager",
    path: "/org/freedesktop/NetworkManager",
    interface: "org.freedesktop.NetworkManager",
};
const POWER: At = At {
    name: "org.freedesktop.UPower",
    path: "/org/freedesktop/UPower",
    interface: "org.freedesktop.UPower",
};
const BATTERY: At = At {
    path: "/org/freedesktop/UPower/devices/DisplayDevice",
    interface: "org.freedesktop.UPower.Device",
    ..POWER
};
const PROFILES: At = At {
    name: "org.freedesktop.UPower.PowerProfiles",
    path: "/org/freedesktop/UPower/PowerProfiles",
    interface: "org.freedesktop.UPower.PowerProfiles",
};
/// As it was called before 0.20.
const PROFILES_BEFORE: At = At {
    name: "net.hadess.PowerProfiles",
    path: "/net/hadess/PowerProfiles",
    interface: "net.hadess.PowerProfiles",
};
const LOGIN: At = At {
    name: "org.freedesktop.login1",
    path: "/org/freedesktop/login1",
    interface: "org.freedesktop.login1.Manager",
};
const PORTAL: At = At {
    name: "org.freedesktop.portal.Desktop",
    path: "/org/freedesktop/portal/desktop",
    interface: "org.freedesktop.portal.NetworkMonitor",
};

/// Runs until the engine stops.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        tokio::select! {
            ended = follow(&shared) => {
                if let Err(why) = ended {
                    tracing::debug!(%why, "the system's bus");
                }
            }
            () = shared.stop.cancelled() => return,
        }
        super::heard(&shared, Facts::default()).await;
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = shared.stop.cancelled() => return,
        }
    }
}

/// Follows until a bus ends.
async fn follow(shared: &Arc<Shared>) -> zbus::Result<()> {
    let bus = Connection::system().await?;
    // A program without a session has no portal.
    let session = Connection::session().await.ok();
    let mut signals = signals(&bus, session.as_ref()).await?;
    loop {
        super::heard(shared, facts(&bus, session.as_ref()).await).await;
        let Some(first) = signals.next().await else {
            return Ok(());
        };
        let mut woke = is_wake(&first?);
        tokio::time::sleep(BURST).await;
        while let Some(Some(more)) = futures::FutureExt::now_or_never(signals.next()) {
            woke |= is_wake(&more?);
        }
        if woke {
            super::new_lines(shared).await;
        }
    }
}

/// logind says `true` before sleep and `false` after.
fn is_wake(message: &Message) -> bool {
    let header = message.header();
    header.member().is_some_and(|m| m.as_str() == "PrepareForSleep")
        && matches!(message.body().deserialize::<bool>(), Ok(false))
}

type Signals = SelectAll<BoxStream<'static, zbus::Result<Message>>>;

async fn signals(bus: &Connection, session: Option<&Connection>) -> zbus::Result<Signals> {
    let mut all = SelectAll::new();
    for at in [NETWORK, POWER, BATTERY, PROFILES, PROFILES_BEFORE] {
        let changed = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(at.name)?
            .path(at.path)?
            .interface(PROPERTIES)?
            .member("PropertiesChanged")?
            .build();
        all.push(heard(changed, bus).await?);
    }
    for at in [NETWORK, POWER, PROFILES, PROFILES_BEFORE] {
        all.push(heard(comes_or_goes(at)?, bus).await?);
    }
    let sleep = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(LOGIN.name)?
        .path(LOGIN.path)?
        .interface(LOGIN.interface)?
        .member("PrepareForSleep")?
        .build();
    all.push(heard(sleep, bus).await?);
    if let Some(session) = session {
        let changed = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(PORTAL.name)?
            .path(PORTAL.path)?
            .interface(PORTAL.interface)?
            .member("changed")?
            .build();
        all.push(heard(changed, session).await?);
        all.push(heard(comes_or_goes(PORTAL)?, session).await?);
    }
    Ok(all)
}

/// A service appears on the bus or leaves it.
fn comes_or_goes(at: At) -> zbus::Result<MatchRule<'static>> {
    Ok(MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")?
        .interface("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .add_arg(at.name)?
        .build())
}

async fn heard(
    rule: MatchRule<'static>,
    bus: &Connection,
) -> zbus::Result<BoxStream<'static, zbus::Result<Message>>> {
    Ok(MessageStream::for_match_rule(rule, bus, Some(WAITING))
        .await?
        .boxed())
}

async fn facts(bus: &Connection, session: Option<&Connection>) -> Facts {
    let mut network = of_network_manager(bus).await;
    if network.online.is_none()
        && let Some(session) = session
    {
        network = of_portal(session).await;
    }
    Facts {
        network,
        power: power(bus).await,
    }
}

async fn of_network_manager(bus: &Connection) -> Network {
    let Some(state) = get::<u32>(bus, NETWORK, "State").await else {
        return Network::default();
    };
    let mut network = Network {
        // 10 to 40: asleep, disconnected, on its way down or up; from 50 on there is one. 0: it does not know.
        online: (state > 0).then_some(state >= 50),
        // 1 and 3: yes and likely; 2 and 4: no and hardly.
        metered: match get::<u32>(bus, NETWORK, "Metered").await {
            Some(1 | 3) => Some(true),
            Some(2 | 4) => Some(false),
            Some(_) | None => None,
        },
        ..Network::default()
    };
    if let Some(active) = get::<OwnedObjectPath>(bus, NETWORK, "PrimaryConnection").await
        && active.as_str() != "/"
    {
        let interface = "org.freedesktop.NetworkManager.Connection.Active";
        network.id = get_at(bus, NETWORK.name, active.as_str(), interface, "Uuid").await;
        network.name = get_at(bus, NETWORK.name, active.as_str(), interface, "Id").await;
    }
    network
}

/// The portal is asked only where it runs already.
async fn of_portal(session: &Connection) -> Network {
    let runs = async {
        let name = zbus::names::BusName::try_from(PORTAL.name).ok()?;
        let bus = zbus::fdo::DBusProxy::new(session).await.ok()?;
        bus.name_has_owner(name).await.ok().filter(|runs| *runs)
    };
    if tokio::time::timeout(ANSWER, runs).await.ok().flatten().is_none() {
        return Network::default();
    }
    Network {
        online: call(session, "GetAvailable").await,
        metered: call(session, "GetMetered").await,
        ..Network::default()
    }
}

async fn call(session: &Connection, method: &str) -> Option<bool> {
    let asked = session.call_method(
        Some(PORTAL.name),
        PORTAL.path,
        Some(PORTAL.interface),
        method,
        &(),
    );
    let reply = tokio::time::timeout(ANSWER, asked).await.ok()?.ok()?;
    reply.body().deserialize().ok()
}

async fn power(bus: &Connection) -> Power {
    let on_battery = get::<bool>(bus, POWER, "OnBattery").await;
    let percent = match on_battery {
        Some(_) => {
            let there = get::<bool>(bus, BATTERY, "IsPresent").await == Some(true);
            let percent = if there {
                get::<f64>(bus, BATTERY, "Percentage").await
            } else {
                None
            };
            percent.and_then(whole)
        }
        None => None,
    };
    let profile = match get::<String>(bus, PROFILES, "ActiveProfile").await {
        Some(profile) => Some(profile),
        None => get::<String>(bus, PROFILES_BEFORE, "ActiveProfile").await,
    };
    Power {
        on_battery,
        percent,
        saver: profile.map(|p| p == "power-saver"),
    }
}

/// Rounded down: 19.9 % is below 20.
fn whole(percent: f64) -> Option<u8> {
    if !(0.0..=100.0).contains(&percent) {
        return None;
    }
    (0..=100u8).rev().find(|n| f64::from(*n) <= percent)
}

async fn get<T: TryFrom<OwnedValue>>(bus: &Connection, at: At, property: &str) -> Option<T> {
    get_at(bus, at.name, at.path, at.interface, property).await
}

async fn get_at<T: TryFrom<OwnedValue>>(
    bus: &Connection,
    name: &str,
    path: &str,
    interface: &str,
    property: &str,
) -> Option<T> {
    let what = (interface, property);
    let asked = bus.call_method(Some(name), path, Some(PROPERTIES), "Get", &what);
    let reply = tokio::time::timeout(ANSWER, asked).await.ok()?.ok()?;
    let value: OwnedValue = reply.body().deserialize().ok()?;
    T::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_percentage_is_rounded_down_and_nonsense_is_none() {
        assert_eq!(
            [0.0, 19.9, 20.0, 100.0].map(whole),
            [Some(0), Some(19), Some(20), Some(100)]
        );
        assert_eq!([f64::NAN, -1.0, 100.1].map(whole), [None; 3]);
    }
}
