//! A system bus of a test's own, with stand-ins for the services that tell of network, power and sleep.
//!
//! The product finds it by `DBUS_SYSTEM_BUS_ADDRESS`. The stand-ins say what the test has them say, with the names, paths,
//! properties and signals of the real ones; who asks for a lock against sleep gets one, and the test sees how many are held.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, PipeReader, Read as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use zbus::block_on;
use zbus::blocking::connection::{Builder, Connection};
use zbus::zvariant::{self, ObjectPath};

use crate::process;

const LOGIN_MANAGER: &str = "org.freedesktop.login1.Manager";
const NETWORK: &str = "/org/freedesktop/NetworkManager";
const ACTIVE: &str = "/org/freedesktop/NetworkManager/ActiveConnection/1";
const POWER: &str = "/org/freedesktop/UPower";
const BATTERY: &str = "/org/freedesktop/UPower/devices/DisplayDevice";
const PROFILES: &str = "/org/freedesktop/UPower/PowerProfiles";
const LOGIN: &str = "/org/freedesktop/login1";

/// The bus and its services. Dropping it ends them.
pub struct SystemBus {
    address: String,
    daemon: Child,
    services: Connection,
    locks: Arc<AtomicUsize>,
    /// Removed last.
    _dir: TempDir,
}

struct NetworkManager {
    state: u32,
    metered: u32,
}

#[zbus::interface(name = "org.freedesktop.NetworkManager")]
impl NetworkManager {
    #[zbus(property)]
    fn state(&self) -> u32 {
        self.state
    }
    #[zbus(property)]
    fn metered(&self) -> u32 {
        self.metered
    }
    #[zbus(property)]
    fn primary_connection(&self) -> ObjectPath<'static> {
        ObjectPath::from_static_str_unchecked(if self.state >= 50 { ACTIVE } else { "/" })
    }
}

struct Active {
    id: String,
}

#[zbus::interface(name = "org.freedesktop.NetworkManager.Connection.Active")]
impl Active {
    #[zbus(property)]
    fn id(&self) -> String {
        self.id.clone()
    }
    #[zbus(property)]
    fn uuid(&self) -> String {
        format!("uuid of {}", self.id)
    }
}

struct UPower {
    on_battery: bool,
}

#[zbus::interface(name = "org.freedesktop.UPower")]
impl UPower {
    #[zbus(property)]
    fn on_battery(&self) -> bool {
        self.on_battery
    }
}

struct Battery {
    percentage: f64,
}

#[zbus::interface(name = "org.freedesktop.UPower.Device")]
impl Battery {
    #[zbus(property)]
    fn percentage(&self) -> f64 {
        self.percentage
    }
    #[zbus(property)]
    fn is_present(&self) -> bool {
        true
    }
}

struct Profiles {
    active: String,
}

#[zbus::interface(name = "org.freedesktop.UPower.PowerProfiles")]
impl Profiles {
    #[zbus(property)]
    fn active_profile(&self) -> String {
        self.active.clone()
    }
}

struct Login {
    locks: Arc<AtomicUsize>,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Login {
    /// A lock is held as long as its descriptor is open.
    fn inhibit(
        &self,
        _what: &str,
        _who: &str,
        _why: &str,
        _mode: &str,
    ) -> zbus::fdo::Result<zvariant::OwnedFd> {
        let failed = |why: std::io::Error| zbus::fdo::Error::Failed(why.to_string());
        let (ours, theirs) = std::io::pipe().map_err(failed)?;
        self.locks.fetch_add(1, Ordering::SeqCst);
        let locks = Arc::clone(&self.locks);
        thread::spawn(move || {
            let mut ours: PipeReader = ours;
            // Ends when nobody holds the other end any more.
            let _ = ours.read_to_end(&mut Vec::new());
            locks.fetch_sub(1, Ordering::SeqCst);
        });
        Ok(OwnedFd::from(theirs).into())
    }
}

impl SystemBus {
    /// Starts a bus on a computer with mains, a network that costs nothing, and all services.
    ///
    /// # Errors
    /// `dbus-daemon` is missing or does not come up.
    pub fn start() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("windlass-bus-").tempdir()?;
        let at = |name: &str| dir.path().join(name).display().to_string();
        let config = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow send_type="signal"/>
<allow receive_sender="*"/></policy></busconfig>"#,
            at("socket")
        );
        fs::write(at("bus.conf"), config)?;
        let mut command = process::command("dbus-daemon");
        command
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--config-file={}", at("bus.conf")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(at("log"))?);
        let mut daemon = process::spawn(command)?;
        let mut said = BufReader::new(daemon.stdout.take().context("no output")?);
        let mut address = String::new();
        said.read_line(&mut address)?;
        let log = || fs::read_to_string(at("log")).unwrap_or_default();
        let address = address.trim().to_owned();
        let locks = Arc::<AtomicUsize>::default();
        let services = services(&address, &locks).with_context(|| format!("the bus: {}", log()))?;
        Ok(Self {
            address,
            daemon,
            services,
            locks,
            _dir: dir,
        })
    }

    /// For `DBUS_SYSTEM_BUS_ADDRESS`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Another network, or the same one otherwise.
    ///
    /// # Errors
    /// The bus is gone.
    pub fn network(&self, name: &str, metered: bool) -> Result<()> {
        let active = self.services.object_server().interface::<_, Active>(ACTIVE)?;
        name.clone_into(&mut active.get_mut().id);
        self.manager(70, if metered { 1 } else { 2 })
    }

    /// No network.
    ///
    /// # Errors
    /// The bus is gone.
    pub fn offline(&self) -> Result<()> {
        self.manager(20, 0)
    }

    fn manager(&self, state: u32, metered: u32) -> Result<()> {
        let server = self.services.object_server();
        let manager = server.interface::<_, NetworkManager>(NETWORK)?;
        {
            let mut of = manager.get_mut();
            (of.state, of.metered) = (state, metered);
        }
        let (of, emitter) = (manager.get(), manager.signal_emitter());
        block_on(of.state_changed(emitter))?;
        block_on(of.metered_changed(emitter))?;
        block_on(of.primary_connection_changed(emitter))?;
        Ok(())
    }

    /// On battery with so many percent, or on mains.
    ///
    /// # Errors
    /// The bus is gone.
    pub fn power(&self, on_battery: bool, percent: f64) -> Result<()> {
        let server = self.services.object_server();
        let (power, battery) = (
            server.interface::<_, UPower>(POWER)?,
            server.interface::<_, Battery>(BATTERY)?,
        );
        battery.get_mut().percentage = percent;
        power.get_mut().on_battery = on_battery;
        block_on(battery.get().percentage_changed(battery.signal_emitter()))?;
        block_on(power.get().on_battery_changed(power.signal_emitter()))?;
        Ok(())
    }

    /// The computer saves power, or does not.
    ///
    /// # Errors
    /// The bus is gone.
    pub fn saver(&self, on: bool) -> Result<()> {
        let profiles = self.services.object_server().interface::<_, Profiles>(PROFILES)?;
        let name = if on { "power-saver" } else { "balanced" };
        name.clone_into(&mut profiles.get_mut().active);
        block_on(profiles.get().active_profile_changed(profiles.signal_emitter()))?;
        Ok(())
    }

    /// The computer slept and is awake again.
    ///
    /// # Errors
    /// The bus is gone.
    pub fn sleep_and_wake(&self) -> Result<()> {
        // `true` before sleep, `false` after.
        for start in [true, false] {
            let to_all = None::<&str>;
            self.services
                .emit_signal(to_all, LOGIN, LOGIN_MANAGER, "PrepareForSleep", &(start,))?;
        }
        Ok(())
    }

    /// Locks against sleep that are held.
    #[must_use]
    pub fn locks(&self) -> usize {
        self.locks.load(Ordering::SeqCst)
    }

    /// A service leaves the bus, as when it is stopped.
    ///
    /// # Errors
    /// The bus is gone.
    pub fn without(&self, name: &str) -> Result<()> {
        Ok(self.services.release_name(name).map(drop)?)
    }
}

impl Drop for SystemBus {
    fn drop(&mut self) {
        process::kill(&mut self.daemon);
    }
}

fn services(address: &str, locks: &Arc<AtomicUsize>) -> Result<Connection> {
    let manager = NetworkManager {
        state: 70,
        metered: 2,
    };
    let active = Active {
        id: "Studio LAN".to_owned(),
    };
    let profiles = Profiles {
        active: "balanced".to_owned(),
    };
    let login = Login {
        locks: Arc::clone(locks),
    };
    let builder = Builder::address(address)?
        .serve_at(NETWORK, manager)?
        .serve_at(ACTIVE, active)?
        .serve_at(POWER, UPower { on_battery: false })?
        .serve_at(BATTERY, Battery { percentage: 100.0 })?
        .serve_at(PROFILES, profiles)?
        .serve_at(LOGIN, login)?
        .name("org.freedesktop.NetworkManager")?
        .name("org.freedesktop.UPower")?
        .name("org.freedesktop.UPower.PowerProfiles")?
        .name("org.freedesktop.login1")?;
    Ok(builder.build()?)
}
