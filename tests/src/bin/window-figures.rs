//! Figures of the real window with a large group: `cargo xtask bench --window [--files N] [--minutes M] [--rest S]`.
//!
//! One window on a screen of its own gets one folder of N files (100,000) as a person drops it. Measured are the time until
//! something of it is seen, the time between frames while the list is scrolled and files end, and, each few seconds (or as many as are asked for) until
//! the group is done, memory and processor time of the program and of its web view. With minutes the upload is slowed down
//! by the person's own limit so that it lasts about that long: memory has to stay where it is.
//!
//! The program is built as a release is, but for the wall that keeps a release's page from being driven; its page is drawn by
//! the processor, for there is no other behind a virtual screen. Between two collections of what nobody holds any more the page's
//! memory goes up as it likes: what counts is whether it comes back to where it was.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use windlass_testkit::desktop::{App, Desktop};
use windlass_testkit::wait;
use windlass_tests::window::{Table, hook, unfold};

/// Bytes of each file.
const SIZE: usize = 1_500;
/// No limit is smaller, bytes a second.
const LEAST: u64 = 100_000;
const EVERY: Duration = Duration::from_secs(5);
/// What nothing costs is looked at for so long.
const IDLE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3_600);
/// Pixels a frame: of a wheel that is turned fast, and of a scroll bar that is dragged.
const WHEEL: u32 = 40;
const DRAG: u32 = 400;
/// Milliseconds that frames are looked at for, each time.
const LOOK_MS: u64 = 4_000;

fn main() -> Result<()> {
    let asked = Asked::read()?;
    let table = Table::lay()?;
    let things = table.windlass.dir().join("Archive");
    println!("== {} files of {SIZE} bytes", asked.files);
    write_files(&things, asked.files)?;
    let app = table.open_and_choose(&table.windlass.dir().join("destination"))?;
    if let Some(minutes) = asked.minutes {
        let bytes = (asked.files * SIZE) as u64;
        limit(&app, (bytes / (minutes * 60)).max(LEAST))?;
    }
    let mut figures = BTreeMap::new();
    let started = memory(&table.desktop);
    figures.insert("memory_started", json!(started));
    println!("   memory when started: {started:?} MB");

    watch_intake(&app)?;
    table.drag(&app, &[things], &hook("empty"))?;
    let seen = seen_after(&app)?;
    println!("   seen {seen:.0} ms after the drop");
    figures.insert("intake_seen_ms", json!(seen));
    let looking = Instant::now();
    wait::until_ok("the look at everything", HOUR, || {
        let ready = format!("{}:not([disabled])", hook("preflight-accept"));
        ensure!(app.count(&ready)? == 1, "not yet");
        Ok(())
    })?;
    figures.insert("looked_s", json!(looking.elapsed().as_secs_f64()));
    println!("   looked at after {:.1} s", looking.elapsed().as_secs_f64());
    app.click(&hook("preflight-accept"))?;
    let (accepted, busy_from) = (Instant::now(), cpu(&table.desktop));
    app.find(&hook("group-card"))?;
    figures.insert("card_seen_ms", json!(accepted.elapsed().as_secs_f64() * 1e3));
    unfold(&app)?;
    figures.insert("rows_seen_ms", json!(accepted.elapsed().as_secs_f64() * 1e3));
    println!("   rows after {:.0} ms", accepted.elapsed().as_secs_f64() * 1e3);

    let mut course = Vec::new();
    let (mut wheeled, mut dragged, mut standing, mut floors) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    loop {
        // Its thousands of nodes are the page's until they are swept: over an hour they would be what is measured.
        if floors.is_empty() || asked.minutes.is_none() {
            floors.push(floor(&app, WHEEL)?);
        }
        wheeled.push(frames(&app, WHEEL)?);
        dragged.push(frames(&app, DRAG)?);
        standing.push(frames(&app, 0)?);
        let (word, done) = state(&app)?;
        let swept = sweep(&app)?;
        let now = memory(&table.desktop);
        println!(
            "   {:6.0} s: {done} files, {now:?} MB, frames: plain list {}, by the wheel {}, dragged {}, standing {}",
            accepted.elapsed().as_secs_f64(),
            brief(&floors),
            brief(&wheeled),
            brief(&dragged),
            brief(&standing),
        );
        course.push(json!({"s": accepted.elapsed().as_secs(), "files": done, "memory": now, "swept": swept}));
        if word.starts_with("done") {
            break;
        }
        ensure!(accepted.elapsed() < HOUR * 3, "the group is {word:?}");
        thread::sleep(asked.rest);
    }
    let (took, busy) = (accepted.elapsed().as_secs_f64(), cpu(&table.desktop));
    figures.insert("took_s", json!(took));
    figures.insert("files_per_s", json!(asked.files as f64 / took));
    figures.insert("frames_of_a_plain_list", json!(floors));
    figures.insert("frames_by_the_wheel", json!(wheeled));
    figures.insert("frames_dragged", json!(dragged));
    figures.insert("frames_standing", json!(standing));
    figures.insert("course", json!(course));
    figures.insert("cpu", json!(share(&busy_from, &busy, took)));
    println!("   processor, of one core: {:?}", share(&busy_from, &busy, took));

    // With nothing else to do.
    let rest =
        json!({"plain": floor(&app, WHEEL)?, "wheel": frames(&app, WHEEL)?, "dragged": frames(&app, DRAG)?});
    println!("   at rest: {rest}");
    figures.insert("frames_at_rest", rest);

    // Nothing to do: the window shown as the group has just ended, a while later, and hidden.
    for (name, after) in [
        ("idle_shown", EVERY),
        ("idle_later", EVERY * 12),
        ("idle_hidden", EVERY),
    ] {
        if name == "idle_hidden" {
            table.desktop.close_window(windlass_tests::window::TITLE)?;
        }
        thread::sleep(after);
        let (before, drawn) = (cpu(&table.desktop), watch_changes(&app, name != "idle_hidden")?);
        thread::sleep(IDLE);
        let idle = share(&before, &cpu(&table.desktop), IDLE.as_secs_f64());
        let drawn = if drawn { changes(&app)? } else { Value::Null };
        println!("   {name}: {idle:?}, changes of the page {drawn}");
        figures.insert(name, json!({"cpu": idle, "changes": drawn}));
    }
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let kept = json!({
        "files": asked.files, "minutes": asked.minutes, "build": if cfg!(debug_assertions) { "debug" } else { "release" },
        "cores": thread::available_parallelism()?.get(), "load_at_the_end": load.trim(), "figures": figures,
    });
    fs::write(&asked.into, format!("{kept:#}\n"))?;
    println!("kept in {}", asked.into.display());
    app.close()?;
    table.desktop.finish()
}

struct Asked {
    files: usize,
    minutes: Option<u64>,
    /// Between two looks.
    rest: Duration,
    into: PathBuf,
}

impl Asked {
    fn read() -> Result<Self> {
        let mut asked = Self {
            files: 100_000,
            minutes: None,
            rest: EVERY,
            into: PathBuf::from("benches/results").join(format!("{}-window.json", today()?)),
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| format!("{word} has no value"))?;
            match word.as_str() {
                "--files" => asked.files = value.parse()?,
                "--minutes" => asked.minutes = Some(value.parse()?),
                "--rest" => asked.rest = Duration::from_secs(value.parse()?),
                "--into" => asked.into = value.into(),
                _ => anyhow::bail!("unknown {word}; there are --files, --minutes, --rest and --into"),
            }
        }
        Ok(asked)
    }
}

/// The day, as the names of results have it.
fn today() -> Result<String> {
    let out = std::process::Command::new("date").args(["-u", "+%F"]).output()?;
    Ok(String::from_utf8(out.stdout)?.trim().to_owned())
}

fn write_files(root: &Path, files: usize) -> Result<()> {
    // Content that no earlier run has sent.
    let mut seed = [0; 8];
    fs::File::open("/dev/urandom")?.read_exact(&mut seed)?;
    let seed = u64::from_le_bytes(seed);
    for n in 0..files {
        let folder = root.join(format!("day {:03}", n / 1_000));
        if n % 1_000 == 0 {
            fs::create_dir_all(&folder)?;
        }
        let mut bytes = format!("{n} of {seed}").into_bytes();
        bytes.resize(SIZE, b'.');
        fs::write(folder.join(format!("frame {n:06}.dpx")), bytes)?;
    }
    Ok(())
}

/// Sets the person's limit through the page's own door.
fn limit(app: &App<'_>, bytes: u64) -> Result<()> {
    windlass_tests::window::go_to(app, "settings")?;
    app.click(&hook("limit-switch"))?;
    app.find(&format!("{}:not([disabled])", hook("limit-value")))?;
    app.run(
        "const field = document.querySelector(arguments[0]); field.value = String(arguments[1]);\
         field.dispatchEvent(new Event('change', {bubbles: true}))",
        &[hook("limit-value").into(), json!(bytes as f64 / 1e6)],
    )?;
    windlass_tests::window::go_to(app, "transfers")
}

/// The page writes down when the drop was let go, and when something of it was seen.
fn watch_intake(app: &App<'_>) -> Result<()> {
    let script = "window.intake = {};\
        const look = () => {\
            const over = document.querySelector('[data-testid=drop-overlay]');\
            if (over) window.intake.over = performance.now();\
            const seen = document.querySelector('[data-testid=preflight-accept], [data-testid=group-card]');\
            if (seen && window.intake.over && !window.intake.seen) requestAnimationFrame(() => window.intake.seen ??= performance.now());\
            if (!over && window.intake.over) window.intake.let ??= performance.now();\
        };\
        window.intake.eye = new MutationObserver(look);\
        window.intake.eye.observe(document.body, {childList: true, subtree: true, attributes: true});";
    app.run(script, &[]).map(drop)
}

/// Has the page count what changes in it; false when there is no page to ask.
fn watch_changes(app: &App<'_>, shown: bool) -> Result<bool> {
    let script = "window.changes = []; window.eye = new MutationObserver(all => window.changes.push(...all.map(one =>\
            one.target.nodeName + '.' + (one.target.className?.baseVal ?? one.target.className ?? '') + ' ' + (one.attributeName ?? one.type))));\
        window.eye.observe(document.documentElement, {childList: true, subtree: true, attributes: true, characterData: true});";
    if shown {
        app.run(script, &[])?;
    }
    Ok(shown)
}

fn changes(app: &App<'_>) -> Result<Value> {
    app.run("window.eye.disconnect(); return {count: window.changes.length, which: [...new Set(window.changes)].slice(0, 10)}", &[])
}

/// Has the page's engine let go what nobody holds, where it was started with `JSC_useDollarVM=1`: what is left is held. Says whether.
fn sweep(app: &App<'_>) -> Result<bool> {
    let script = "if (typeof $vm === 'undefined') return false; $vm.gc(); await new Promise(r => setTimeout(r, 500)); $vm.gc(); return true;";
    Ok(app.run(script, &[])?.as_bool().unwrap_or(false))
}

fn seen_after(app: &App<'_>) -> Result<f64> {
    wait::until_ok("something of it to be seen", HOUR, || {
        let intake = app.run(
            "const {over, let: off, seen} = window.intake; return {over, let: off, seen}",
            &[],
        )?;
        let at = |key: &str| intake[key].as_f64().with_context(|| format!("{intake}"));
        let took = at("seen")? - at("let")?;
        app.run("window.intake.eye.disconnect()", &[])?;
        Ok(took)
    })
}

/// The floor of this machine: a list of plain text in the place of ours, all of it there from the beginning, which nobody draws
/// anew.
fn floor(app: &App<'_>, step: u32) -> Result<Value> {
    let script = "const box = document.querySelector('.box'); const {height} = box.getBoundingClientRect();\
        const plain = document.createElement('div'); plain.id = 'plain';\
        plain.style.cssText = `position:relative;overflow-y:auto;overflow-x:hidden;contain:strict;height:${height}px`;\
        plain.innerHTML = Array.from({length: 2000}, (_, i) =>\
            `<div style='height:36px'>frame ${i}.dpx · ${i * 37} kB · 1 / 1 · Verified</div>`).join('');\
        box.style.display = 'none'; box.before(plain)";
    app.run(script, &[])?;
    let seen = frames_of(app, "#plain", step);
    app.run(
        "document.getElementById('plain').remove(); document.querySelector('.box').style.display = ''",
        &[],
    )?;
    seen
}

/// Milliseconds between frames, for reading along.
fn brief(all: &[Value]) -> String {
    all.last()
        .map(|f| format!("{} (95 %: {}, worst {})", f["median"], f["p95"], f["worst"]))
        .unwrap_or_default()
}

/// Milliseconds between frames while the list goes on by so many pixels a frame.
fn frames(app: &App<'_>, step: u32) -> Result<Value> {
    frames_of(app, ".box", step)
}

fn frames_of(app: &App<'_>, which: &str, step: u32) -> Result<Value> {
    let script = "const [which, step, wanted] = arguments; const box = document.querySelector(which);\
        const times = await new Promise(done => { const times = [];\
            const next = now => { times.push(now); if (box) { box.scrollTop += step;\
                if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) box.scrollTop = 0; }\
                if (now - times[0] < wanted) requestAnimationFrame(next); else done(times); };\
            requestAnimationFrame(next); });\
        const gaps = times.slice(1).map((t, i) => t - times[i]).sort((a, b) => a - b);\
        const at = share => Math.round(gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * share))] * 10) / 10;\
        return {frames: gaps.length, median: at(0.5), p95: at(0.95), worst: at(1), over_50: gaps.filter(g => g > 50).length,\
            rows: document.querySelectorAll('[data-testid=file-row]').length};";
    app.run(script, &[json!(which), json!(step), json!(LOOK_MS)])
}

/// The group's word, and how many of its files are done.
fn state(app: &App<'_>) -> Result<(String, String)> {
    let script = "const card = document.querySelector('[data-testid=group-card]');\
        return [card?.dataset.word ?? '', card?.querySelector('.nm, .t2')?.parentElement?.parentElement?.textContent\
            .match(/[\\d,]+ of [\\d,]+(?= files)/)?.[0] ?? ''];";
    let said = app.run(script, &[])?;
    let text = |n: usize| said[n].as_str().unwrap_or_default().to_owned();
    Ok((text(0), text(1)))
}

/// Whose process it is: the program, or the web view's for the page.
fn whose(exe: &str) -> Option<&'static str> {
    // A build beside it may have put another in its place.
    let exe = exe.strip_suffix(" (deleted)").unwrap_or(exe);
    match Path::new(exe).file_name()?.to_str()? {
        "windlass-desktop" => Some("program"),
        "WebKitWebProcess" => Some("page"),
        "WebKitNetworkProcess" => Some("network"),
        _ => None,
    }
}

/// Megabytes of each: with shared pages by their share; and, as `… own`, of what it wrote itself. Only the latter is what it
/// keeps: code that is read from files comes in as it is first run, and its share grows when another program lets go of it.
fn memory(desktop: &Desktop) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for one in desktop.processes() {
        let Some(whose) = whose(&one.exe) else { continue };
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", one.pid)).unwrap_or_default();
        let megabytes = |what: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(what));
            let kilobytes = line.and_then(|rest| rest.split_whitespace().next());
            kilobytes.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 1_024 / 1_000_000
        };
        *all.entry(whose.to_owned()).or_default() += megabytes("Pss:");
        *all.entry(format!("{whose} own")).or_default() += megabytes("Anonymous:");
    }
    all
}

/// Clock ticks of each, a hundred a second.
fn cpu(desktop: &Desktop) -> BTreeMap<&'static str, u64> {
    let mut all = BTreeMap::new();
    for one in desktop.processes() {
        let Some(whose) = whose(&one.exe) else { continue };
        let text = fs::read_to_string(format!("/proc/{}/stat", one.pid)).unwrap_or_default();
        let fields: Vec<&str> = text
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_whitespace().collect())
            .unwrap_or_default();
        let ticks = |n: usize| fields.get(n).and_then(|t| t.parse::<u64>().ok()).unwrap_or(0);
        *all.entry(whose).or_default() += ticks(11) + ticks(12);
    }
    all
}

/// Per cent of one core.
fn share(
    from: &BTreeMap<&'static str, u64>,
    to: &BTreeMap<&'static str, u64>,
    seconds: f64,
) -> BTreeMap<&'static str, f64> {
    let percent = |(whose, ticks): (&&'static str, &u64)| {
        let spent = ticks.saturating_sub(from.get(whose).copied().unwrap_or(0));
        (*whose, (spent as f64 / seconds * 10.0).round() / 10.0)
    };
    to.iter().map(percent).collect()
}
