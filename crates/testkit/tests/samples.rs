//! Sample data is what it says.

use anyhow::Result;
use windlass_testkit::samples;

#[test]
fn a_seed_is_a_content_and_a_shorter_file_is_its_beginning() -> Result<()> {
    let bytes = |length, seed| -> Result<Vec<u8>> {
        let mut all = Vec::new();
        samples::write_random(&mut all, length, seed)?;
        Ok(all)
    };
    let long = bytes(3_500_000, 5)?;
    assert_eq!(long.len(), 3_500_000);
    assert_eq!(long, bytes(3_500_000, 5)?);
    assert!(long.starts_with(&bytes(1_200_000, 5)?));
    assert_ne!(bytes(100, 5)?, bytes(100, 6)?);
    assert_ne!(long[..1 << 20], long[1 << 20..2 << 20]);
    Ok(())
}

#[test]
fn the_odd_tree_has_every_odd_name_and_is_found_again_by_walking() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let mut made = samples::odd_tree(dir.path(), 1)?;
    made.sort();
    assert_eq!(made, samples::files_below(dir.path(), true)?);
    assert!(made.len() > samples::ODD_NAMES.len());
    assert!(
        made.iter().any(|name| name.to_str().is_none()),
        "a name that is no UTF-8"
    );
    assert!(
        samples::files_below(dir.path(), false)?.len() < made.len(),
        "hidden ones are left out"
    );
    Ok(())
}

#[test]
fn the_hash_is_the_known_one() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("abc");
    std::fs::write(&file, "abc")?;
    assert_eq!(
        samples::sha256(file)?,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    Ok(())
}
