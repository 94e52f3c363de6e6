//! A watched folder while a program writes to it: each final file arrives once, with its final content.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use windlass_testkit::{samples, wait};
use windlass_tests::writing::{Writing, arrived_once};
use windlass_tests::{Running, Windlass};

use crate::folder::path;

const FILES: usize = 500;
/// Seconds that the program writes for; the long run sets the variable to 180.
const VARIABLE: &str = "WINDLASS_WATCH_SECONDS";

fn seconds() -> u64 {
    let set = std::env::var(VARIABLE).ok().and_then(|v| v.parse().ok());
    set.unwrap_or(40)
}

struct Bench {
    windlass: Windlass,
    root: PathBuf,
    beside: PathBuf,
    to: PathBuf,
}

fn bench() -> Result<Bench> {
    let windlass = Windlass::new()?;
    let [root, beside, to] = ["in", "beside", "to"].map(|n| windlass.dir().join(n));
    for dir in [&root, &beside] {
        fs::create_dir(dir)?;
    }
    windlass.add_folder("there", &to)?;
    let add = ["watch", "add", path(&root)?, "--settle", "2", "--quiet", "2"];
    windlass.run(&add)?.succeeds()?;
    Ok(Bench {
        windlass,
        root,
        beside,
        to,
    })
}

impl Bench {
    fn watch(&self) -> Result<Running> {
        let mut running = self.windlass.start(&["watch", "run", "--json"])?;
        running.says(&["\"watching\""])?;
        Ok(running)
    }

    /// Every final file is there once, with its final bytes, and nothing else.
    fn compare(&self, mut running: Running) -> Result<()> {
        let done = format!("\"uploaded\":{FILES}}}");
        running.says(&[&done, "\"settling\":0", "\"queued\":0", "\"failed\":0"])?;
        running.interrupt()?;
        running.ends()?.succeeds()?;
        arrived_once(&self.root, &self.to, &self.windlass.data(), FILES)
    }
}

// C-8, I38, F147, F148, F149
#[test]
fn c8_five_hundred_files_of_a_busy_program_arrive_each_once_and_whole() -> Result<()> {
    let bench = bench()?;
    let running = bench.watch()?;
    let writing = Writing::start(&bench.root, &bench.beside, FILES, Duration::from_secs(seconds()));
    writing.wait_for(FILES)?;
    writing.end()?;
    bench.compare(running)
}

// C-8, I38, F20
#[test]
fn c8_killed_three_times_meanwhile_they_arrive_each_once_and_whole() -> Result<()> {
    let bench = bench()?;
    let mut running = bench.watch()?;
    let writing = Writing::start(&bench.root, &bench.beside, FILES, Duration::from_secs(seconds()));
    for quarter in 1..=3 {
        writing.wait_for(FILES * quarter / 4)?;
        running.kill_9();
        running = bench.watch()?;
    }
    writing.wait_for(FILES)?;
    writing.end()?;
    bench.compare(running)
}

// E-6, E-7, F157: what the verbs say.
#[test]
fn e6_the_verbs_of_watched_folders_say_why_and_refuse_with_codes() -> Result<()> {
    let bench = bench()?;
    let run = |words: &[&str]| bench.windlass.run(words);
    let root = path(&bench.root)?;
    let twice = run(&["watch", "add", root])?.exits(3)?;
    ensure!(twice.names("watch_overlap", "WL-114"), "{twice:?}");
    let place = run(&["watch", "add", path(&bench.to)?])?.exits(3)?;
    ensure!(place.names("watch_destination", "WL-115"), "{place:?}");
    let wrong = run(&["watch", "add", path(&bench.beside)?, "--after", "burn"])?.exits(3)?;
    ensure!(wrong.names("invalid_field", "WL-504"), "{wrong:?}");
    fs::write(bench.root.join("a.part"), "x")?;
    fs::write(bench.root.join("b.txt"), "x")?;
    let mut running = bench.watch()?;
    running.says(&["\"uploaded\":1}", "\"queued\":0"])?;
    let explained = run(&["watch", "explain", path(&bench.root.join("a.part"))?, "--json"])?.succeeds()?;
    ensure!(
        explained.out.contains("\"why\":\"temp_name\""),
        "{}",
        explained.out
    );
    let all = run(&["watch", "explain", "in"])?.succeeds()?;
    ensure!(
        all.out.contains("uploaded") && all.out.contains("b.txt") && all.out.contains("*.part"),
        "{}",
        all.out
    );
    run(&["watch", "pause", "in"])?.succeeds()?;
    running.says(&["\"state\":\"paused\""])?;
    fs::write(bench.root.join("c.txt"), "later")?;
    run(&["watch", "resume", root])?.succeeds()?;
    running.says(&["\"uploaded\":2}", "\"queued\":0"])?;
    run(&["watch", "now"])?.succeeds()?;
    run(&["watch", "remove", "in"])?.succeeds()?;
    let none = run(&["watch", "list", "--json"])?.succeeds()?;
    ensure!(none.out.contains("\"folders\":[]"), "{}", none.out);
    running.interrupt()?;
    running.ends()?.succeeds()?;
    Ok(())
}

// F145, C-8: a program that was stopped for a while is told that events were lost, and not which; folders that were made meanwhile
// are watched by nobody. All of it is looked at.
#[test]
fn f145_what_the_system_told_nobody_about_arrives_all_the_same() -> Result<()> {
    let bench = bench()?;
    let kept: usize = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events")?
        .trim()
        .parse()
        .context("events that are kept for a program")?;
    let mut running = bench.watch()?;
    running.freeze()?;
    // Each file is at least made, written and closed.
    let files = kept / 3 + 500;
    for n in 0..files {
        let folder = bench.root.join(format!("{:02}", n / 500));
        fs::create_dir_all(&folder)?;
        // In the folder that is watched already, then moved: the events of one watched folder fill the queue.
        let new = bench.root.join(format!("{n}.txt"));
        fs::write(&new, n.to_string())?;
        fs::rename(&new, folder.join(format!("{n}.txt")))?;
    }
    running.thaw()?;
    let done = format!("\"uploaded\":{files}}}");
    let all = [&done, "\"settling\":0", "\"queued\":0", "\"failed\":0"];
    let said = running.says_within(wait::PATIENCE * 10, &all)?;
    ensure!(
        said.contains("\"overflows\":") && !said.contains("\"overflows\":0"),
        "no event was lost: {said}"
    );
    running.interrupt()?;
    running.ends()?.succeeds()?;
    let arrived = samples::files_below(&bench.to, false)?;
    ensure!(arrived.len() == files, "{} of {files} files", arrived.len());
    for file in arrived {
        let name = file.file_stem().context("a name")?.to_string_lossy().into_owned();
        let bytes = fs::read_to_string(bench.to.join(&file))?;
        ensure!(bytes == name, "{} arrived with {bytes:?}", file.display());
    }
    Ok(())
}

// F146: where the system has no more watches to give, folders are looked through, and that is said.
#[test]
fn f146_without_watches_of_the_system_it_looks_by_itself_and_says_so() -> Result<()> {
    let bench = bench()?;
    let script = "echo 0 > /proc/sys/user/max_inotify_instances; exec \"$0\" watch run --json";
    let mut running = bench.windlass.start_with_mounts(script)?;
    running.says(&["\"mode\":\"polling\"", "\"mode_because\":\"watch_limit\""])?;
    running.says(&["\"notice\"", "WL-119"])?;
    fs::write(bench.root.join("a.txt"), "x")?;
    bench.windlass.run(&["watch", "now"])?.succeeds()?;
    running.says(&["\"uploaded\":1}", "\"queued\":0"])?;
    running.interrupt()?;
    running.ends()?;
    Ok(())
}

// F153, E-9, X-16: a disk that is not there is a pause; another one at its place is a question.
#[test]
fn f153_an_unplugged_disk_is_a_pause_and_another_one_a_question() -> Result<()> {
    let windlass = Windlass::new()?;
    let [root, other, to] = ["in", "other", "to"].map(|n| windlass.dir().join(n));
    for dir in [&root, &other] {
        fs::create_dir(dir)?;
    }
    windlass.add_folder("there", &to)?;
    let (root_text, other_text) = (path(&root)?, path(&other)?);
    let step = |n: u32| windlass.dir().join(format!("step {n}"));
    let wait_for = |n: u32| format!("while [ ! -e '{}' ]; do sleep 0.05; done", step(n).display());
    let script = format!(
        "mount -t tmpfs one '{root_text}'; echo x > '{root_text}/a.txt'
         \"$0\" watch add '{root_text}' --settle 0.2 --quiet 1
         \"$0\" watch run --json & run=$!
         {}; umount '{root_text}'; mount -t tmpfs filler '{other_text}'
         {}; mount -t tmpfs two '{root_text}'; echo y > '{root_text}/b.txt'
         {}; \"$0\" watch same in
         {}; kill -TERM $run; wait $run",
        wait_for(1),
        wait_for(2),
        wait_for(3),
        wait_for(4)
    );
    let mut running = windlass.start_with_mounts(&script)?;
    running.says(&["\"uploaded\":1}", "\"queued\":0"])?;
    fs::write(step(1), "")?;
    let gone = running.says(&["\"state\":\"disk_missing\""])?;
    ensure!(
        gone.contains("\"uploaded\":1}"),
        "what is known stays known: {gone}"
    );
    fs::write(step(2), "")?;
    running.says(&["\"watch_other_disk\"", "\"uploaded\":1}"])?;
    fs::write(step(3), "")?;
    running.says(&["\"uploaded\":2}", "\"queued\":0"])?;
    fs::write(step(4), "")?;
    running.ends()?;
    let arrived = samples::files_below(&to, false)?;
    ensure!(arrived.len() == 2, "{arrived:?}");
    Ok(())
}

// E-7, X-13: what is deleted after its proof lies in the trash, with its way back.
#[test]
fn x13_originals_go_to_the_trash_after_their_proof() -> Result<()> {
    let windlass = Windlass::new()?;
    let [root, to] = ["in", "to"].map(|n| windlass.dir().join(n));
    fs::create_dir(&root)?;
    windlass.add_folder("there", &to)?;
    let add = [
        "watch",
        "add",
        path(&root)?,
        "--settle",
        "0.2",
        "--quiet",
        "1",
        "--after",
        "delete",
    ];
    windlass.run(&add)?.succeeds()?;
    let mut running = windlass.start(&["watch", "run", "--json"])?;
    fs::write(root.join("a b.txt"), "precious")?;
    let info = windlass
        .dir()
        .join("home/.local/share/Trash/info/a b.txt.trashinfo");
    wait::until("the trash to have it", wait::PATIENCE, || {
        info.exists().then_some(())
    })?;
    let file = windlass.dir().join("home/.local/share/Trash/files/a b.txt");
    wait::until("the original to be there", wait::PATIENCE, || {
        file.exists().then_some(())
    })?;
    ensure!(fs::read_to_string(&file)? == "precious" && !root.join("a b.txt").exists());
    let info = fs::read_to_string(info)?;
    ensure!(info.contains("/in/a%20b.txt\n"), "{info}");
    let arrived = samples::files_below(&to, false)?;
    ensure!(arrived.len() == 1, "{arrived:?}");
    running.interrupt()?;
    running.says(&["\"stopped\""])?;
    Ok(())
}
