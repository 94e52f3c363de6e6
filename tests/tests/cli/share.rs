//! Folders on a share: a file system in user space, whose files change behind its back and which can go away with its program.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, ensure};
use windlass_testkit::garage::Garage;
use windlass_testkit::proxy::{Call, Fault, FaultProxy, Gate, Rule};
use windlass_testkit::samples;
use windlass_testkit::wait::{PATIENCE, until};
use windlass_tests::{Running, Windlass, compare_folder};

use crate::folder::path;

/// Shell functions: `share FROM AT` serves a folder at another place, `gone AT` ends the program that does.
const SHARE: &str = r#"
    share() { bindfs -f "$1" "$2" & serving=$!; until mountpoint -q "$2"; do sleep 0.05; done; }
    gone() { kill -KILL $serving; wait $serving || true; }
    step() { until [ -e "$1" ]; do sleep 0.05; done; }
"#;

// F154, E-1, I39: nobody tells of changes on a share, so it is looked at; one whose server died is a pause and no deletion.
#[test]
fn f154_a_share_is_looked_at_by_itself_and_its_end_is_a_pause() -> Result<()> {
    let windlass = Windlass::new()?;
    let [behind, share, to] = ["behind", "share", "to"].map(|n| windlass.dir().join(n));
    for dir in [&behind, &share] {
        fs::create_dir(dir)?;
    }
    samples::random_file(behind.join("days/first.bin"), 300_000, 81)?;
    windlass.add_folder("there", &to)?;
    let (behind_text, at) = (path(&behind)?, path(&share)?);
    let [ended, again, stop] = [1, 2, 3].map(|n| windlass.dir().join(format!("step {n}")));
    let script = format!(
        "{SHARE}
         share '{behind_text}' '{at}'
         \"$0\" watch add '{at}' --settle 0.2 --quiet 1
         \"$0\" watch run --json & run=$!
         step '{}'; gone '{at}'
         step '{}'; umount '{at}'; share '{behind_text}' '{at}'
         step '{}'; kill -TERM $run; wait $run; umount '{at}'",
        ended.display(),
        again.display(),
        stop.display()
    );
    let mut running = windlass.start_with_mounts(&script)?;
    running.says(&["\"mode\":\"polling\"", "\"mode_because\":\"network\""])?;
    running.says(&["\"uploaded\":1}", "\"queued\":0"])?;
    // Written on the other computer: no event of this one tells of it, and nobody asks for a look.
    samples::random_file(behind.join("days/second.bin"), 200_000, 82)?;
    running.says_within(PATIENCE * 3, &["\"uploaded\":2}", "\"queued\":0"])?;
    fs::write(&ended, "")?;
    let gone = running.says(&["\"state\":\"disk_missing\""])?;
    ensure!(
        gone.contains("\"uploaded\":2}"),
        "what is known stays known: {gone}"
    );
    samples::random_file(behind.join("days/third.bin"), 100_000, 83)?;
    fs::write(&again, "")?;
    running.says_within(PATIENCE * 3, &["\"uploaded\":3}", "\"queued\":0"])?;
    fs::write(&stop, "")?;
    running.ends()?.succeeds()?;
    let arrived = samples::files_below(&to, false)?;
    ensure!(arrived.len() == 3, "each once: {arrived:?}");
    Ok(())
}

// F187, I1, I39: a share as destination whose server dies in the middle is told, and gets the rest when it is back.
#[test]
fn f187_a_share_that_dies_during_the_upload_is_told_and_gets_the_rest_when_it_is_back() -> Result<()> {
    let windlass = Windlass::new()?;
    let [behind, share, tree] = ["behind", "share", "tree"].map(|n| windlass.dir().join(n));
    for dir in [&behind, &share] {
        fs::create_dir(dir)?;
    }
    samples::random_file(tree.join("large.bin"), 300 << 20, 84)?;
    for number in 0..10 {
        samples::random_file(tree.join(format!("small {number}.bin")), 5_000, 85 + number)?;
    }
    let (behind_text, at) = (path(&behind)?, path(&share)?);
    let [ended, again] = [1, 2].map(|n| windlass.dir().join(format!("step {n}")));
    let script = format!(
        "{SHARE}
         share '{behind_text}' '{at}'
         \"$0\" dest add nas --folder '{at}' > /dev/null
         \"$0\" up --json --group Shared --to nas '{}' & run=$!
         step '{}'; gone '{at}'
         step '{}'; umount -l '{at}'; share '{behind_text}' '{at}'
         wait $run; umount '{at}'",
        path(&tree)?,
        ended.display(),
        again.display()
    );
    let mut running = windlass.start_with_mounts(&script)?;
    until("a part on the share", PATIENCE, || {
        let work = behind.join(".windlass");
        let found = samples::files_below(&work, true).ok()?;
        let begun = |f: &PathBuf| work.join(f).metadata().is_ok_and(|m| m.len() > 16 << 20);
        found.iter().any(begun).then_some(())
    })?;
    fs::write(&ended, "")?;
    running.says(&["waiting", "destination_missing", "WL-313"])?;
    fs::write(&again, "")?;
    running.ends()?.succeeds()?;
    compare_folder(&tree, &behind.join("Shared/tree"))
}

/// A card with a large film and five small files, whose first two parts are stored and whose others are held.
struct Card {
    garage: Arc<Garage>,
    windlass: Windlass,
    proxy: FaultProxy,
    gate: Gate,
    behind: PathBuf,
    card: PathBuf,
}

impl Card {
    fn new(seed: u64) -> Result<Self> {
        let (garage, windlass) = (Garage::shared()?, Windlass::new()?);
        let proxy = FaultProxy::start(garage.endpoint())?;
        windlass.add_bucket("bucket", &garage, &proxy.endpoint())?;
        let [behind, card, other] = ["behind", "card", "other"].map(|n| windlass.dir().join(n));
        for dir in [&behind, &card, &other] {
            fs::create_dir(dir)?;
        }
        samples::random_file(behind.join("film.bin"), 300 << 20, seed)?;
        for number in 1..=5 {
            let small = behind.join(format!("small {number}.bin"));
            samples::random_file(small, 5_000, seed + number)?;
        }
        let gate = Gate::closed();
        proxy.add(Rule::new(Fault::Hold(gate.clone())).call(Call::PutPart).skip(2));
        Ok(Self {
            garage,
            windlass,
            proxy,
            gate,
            behind,
            card,
        })
    }

    /// Begins the upload of the group; when two parts are stored the disk is pulled, `then` is done, and after a word
    /// `back` is there as a disk with another number. Answers what runs, and the place for that word.
    fn pulled(&self, group: &str, then: &str, back: &Path) -> Result<(Running, PathBuf)> {
        let (behind, card, back) = (path(&self.behind)?, path(&self.card)?, path(back)?);
        let other = self.windlass.dir().join("other");
        let beside = path(&other)?;
        let [ended, pulled, again] = [1, 2, 3].map(|n| self.windlass.dir().join(format!("step {n}")));
        let script = format!(
            "{SHARE}
             share '{behind}' '{card}'
             \"$0\" up --json --group {group} --to bucket '{card}' & run=$!
             step '{}'; gone '{card}'; umount -l '{card}'; share '{behind}' '{beside}'; {then}; : > '{}'
             step '{}'; share '{back}' '{card}'
             wait $run; umount '{card}'; umount '{beside}'",
            ended.display(),
            pulled.display(),
            again.display()
        );
        let running = self.windlass.start_with_mounts(&script)?;
        self.proxy
            .wait_for("parts", PATIENCE, |l| l.stored(Call::PutPart) >= 2)?;
        fs::write(&ended, "")?;
        until("the disk to be gone", PATIENCE, || pulled.exists().then_some(()))?;
        self.gate.open();
        Ok((running, again))
    }

    /// All of it is there, and no part went twice that was stored.
    fn arrived(&self, running: Running, group: &str) -> Result<()> {
        let summary = running.ends()?.succeeds()?.summary()?;
        ensure!((summary.uploaded, summary.failed) == (6, 0), "{summary:?}");
        let twice = self.proxy.ledger().sent_again();
        ensure!(twice.is_empty(), "stored parts were sent again: {twice:?}");
        let oracle = self.garage.oracle()?;
        let stored = oracle.objects(&format!("{group}/card/"))?;
        ensure!(stored.len() == 6, "{stored:?}");
        let (_, there) = oracle.sha256(&format!("{group}/card/film.bin"))?;
        let film = samples::sha256(self.behind.join("film.bin"))?;
        ensure!(there == film, "what is stored is not the film");
        Ok(())
    }
}

// F17, I2, I39: a disk that is pulled is a pause with its reason; connected again, under another number, it goes on with what
// it had.
#[test]
fn f017_a_disk_that_is_pulled_during_the_upload_is_a_pause_and_goes_on_when_it_is_back() -> Result<()> {
    let card = Card::new(101)?;
    let (mut running, again) = card.pulled("Pulled", ":", &card.behind)?;
    running.says(&["waiting", "disk_missing", "WL-108"])?;
    fs::write(&again, "")?;
    card.arrived(running, "Pulled")
}

// F17, I10, I39: killed, and the disk is away at the next launch.
#[test]
fn f017_a_disk_that_is_away_at_the_next_launch_is_waited_for_and_nothing_is_called_gone() -> Result<()> {
    let card = Card::new(111)?;
    let then = "kill -KILL $run; wait $run || true; \"$0\" resume --json & run=$!";
    let (mut running, again) = card.pulled("Away", then, &card.behind)?;
    running.says(&["waiting", "disk_missing", "WL-108"])?;
    fs::write(&again, "")?;
    card.arrived(running, "Away")
}

// F17, I2: another card of the same camera at that place, with a film of the same name: a person is asked, and not a byte of it goes.
#[test]
fn f017_another_disk_at_the_place_of_the_pulled_one_is_never_taken_for_it() -> Result<()> {
    let card = Card::new(121)?;
    let other = card.windlass.dir().join("other card");
    samples::random_file(other.join("film.bin"), 40 << 20, 130)?;
    let (mut running, again) = card.pulled("Swapped", ":", &other)?;
    running.says(&["waiting", "disk_missing", "WL-108"])?;
    let before = card.proxy.ledger().content_bytes();
    fs::write(&again, "")?;
    let ended = running.ends()?;
    ensure!(
        ended.names("file_changed", "WL-105"),
        "{}\n{}",
        ended.out,
        ended.err
    );
    ensure!(ended.code != Some(0), "called done without the film");
    let sent = card.proxy.ledger().content_bytes() - before;
    ensure!(sent < 40 << 20, "{sent} bytes went after another disk came");
    let stored = card.garage.oracle()?.objects("Swapped/card/")?;
    ensure!(stored.iter().all(|o| !o.key.ends_with("film.bin")), "{stored:?}");
    Ok(())
}
