//! A computer on which little more can be opened.

use anyhow::{Result, ensure};
use windlass_testkit::samples;
use windlass_tests::{Windlass, compare_folder};

use crate::folder::path;

// F42: a low limit is one for programs that do not ask for more. With 24 descriptors not even the queue could be opened.
#[test]
fn f042_a_low_limit_that_may_be_raised_is_none() -> Result<()> {
    let windlass = Windlass::new()?;
    let [tree, to] = ["tree", "to"].map(|n| windlass.dir().join(n));
    samples::random_file(tree.join("large.bin"), 20 << 20, 42)?;
    for number in 0..40 {
        samples::random_file(tree.join(format!("{number}.bin")), 3_000 * number, 4_200 + number)?;
    }
    windlass.add_folder("there", &to)?;
    let tree_text = path(&tree)?;
    let up = format!("ulimit -S -n 24; exec \"$0\" up --json --group Few --to there '{tree_text}'");
    let summary = windlass.start_script(&up)?.ends()?.succeeds()?.summary()?;
    ensure!(summary.failed == 0 && summary.uploaded == 41, "{summary:?}");
    compare_folder(&tree, &to.join("Few/tree"))
}
