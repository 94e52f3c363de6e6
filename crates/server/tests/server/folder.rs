//! What a folder does besides what every storage does.

use std::os::unix::ffi::OsStrExt as _;

use windlass_core::names::encode_path_bytes;

use windlass_testkit::mounts::may_mount;

use crate::support::{Kit, Sample, bytes, error_code, settled};
use windlass_protocol::sessions::{CompleteOutcome, InitAnswer};

/// Names of everything below a folder's working place.
fn unfinished(kit: &Kit) -> Vec<String> {
    let dir = std::fs::read_dir(kit.root().join(".windlass")).expect("the working place");
    let mut names: Vec<_> = dir
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.retain(|n| n != "marker");
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_appears_whole_under_its_group_and_path() {
    let kit = Kit::folder().await;
    let file = Sample::new("a/b/c.txt", bytes(1, 100_000));
    let proof = kit.upload(&file).await;
    assert_eq!(proof.object_key, "Trip/a/b/c.txt");
    assert_eq!(proof.proof, "crc64nvme");
    assert_eq!(
        std::fs::read(kit.root().join("Trip/a/b/c.txt")).expect("the file"),
        file.data
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn i40_every_name_that_linux_allows_arrives_byte_for_byte() {
    let kit = Kit::folder().await;
    let names: Vec<Vec<u8>> = vec![
        vec![b'x'; 255],
        b"new\nline and 'quotes' \"double\" \\back".to_vec(),
        "e\u{301} decomposed".into(),
        "\u{e9} composed".into(),
        b"raw \xff\xfe bytes".to_vec(),
        b"100% %41".to_vec(),
        b"...".to_vec(),
        b" ".to_vec(),
        b"CON".to_vec(),
        "\u{202e}gpj.exe".into(),
    ];
    for (i, name) in names.iter().enumerate() {
        let file = Sample::new(&encode_path_bytes(name), bytes(i as u64 + 10, 40));
        kit.upload(&file).await;
        let path = kit.root().join("Trip").join(std::ffi::OsStr::from_bytes(name));
        assert_eq!(
            std::fs::read(path).expect("the file"),
            file.data,
            "{:?}",
            String::from_utf8_lossy(name)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_differ_in_case_or_composition_only_are_numbered() {
    let kit = Kit::folder().await;
    let mut keys = Vec::new();
    for (i, name) in ["Photo.jpg", "photo.JPG", "e\u{301}", "\u{e9}", "photo.jpg"]
        .into_iter()
        .enumerate()
    {
        keys.push(
            kit.upload(&Sample::new(name, bytes(i as u64 + 20, 10)))
                .await
                .object_key,
        );
    }
    assert_eq!(
        keys,
        [
            "Trip/Photo.jpg",
            "Trip/photo (2).JPG",
            "Trip/e\u{301}",
            "Trip/\u{e9} (2)",
            "Trip/photo (3).jpg"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_ours_is_never_overwritten() {
    let kit = Kit::folder().await;
    std::fs::create_dir(kit.root().join("Trip")).expect("a folder");
    std::fs::write(kit.root().join("Trip/a.txt"), "mine").expect("a file");
    std::fs::write(kit.root().join("Trip/a (2).txt"), "mine too").expect("a file");
    let proof = kit.upload(&Sample::new("a.txt", bytes(2, 10))).await;
    assert_eq!(proof.object_key, "Trip/a (3).txt");
    assert_eq!(
        std::fs::read(kit.root().join("Trip/a.txt")).expect("a file"),
        b"mine"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_files_in_one_batch_are_all_there() {
    let kit = Kit::folder().await;
    let files: Vec<_> = (0..100)
        .map(|i| Sample::new(&format!("d{}/f{i}", i % 7), bytes(i + 100, 2_000 + i as usize)))
        .collect();
    let items = files.iter().map(|f| kit.item(f)).collect();
    let answers = kit.client.init(items).await.expect("init");
    assert!(
        answers
            .iter()
            .all(|a| matches!(a.answer, InitAnswer::Upload { .. }))
    );
    let signed = kit
        .client
        .sign(files.iter().map(Sample::sign_item).collect())
        .await
        .expect("sign");
    let mut completes = Vec::new();
    for (file, signed) in files.iter().zip(signed) {
        let response = kit.put(&signed.uploads[0], file.data.clone()).await;
        let etag = response.headers()["etag"].to_str().expect("etag").to_owned();
        let part = file.sign_item().parts.remove(0);
        let done = windlass_protocol::sessions::DonePart {
            n: part.n,
            size: part.size,
            crc64: part.crc64,
            etag: windlass_core::units::ETag(etag),
        };
        completes.push(file.complete_item(vec![done]));
    }
    let results = kit.client.complete(completes).await.expect("complete");
    for (file, result) in files.iter().zip(results) {
        let proof = settled(result.outcome);
        assert_eq!(
            std::fs::read(kit.root().join(proof.object_key)).expect("the file"),
            file.data
        );
    }
    let group = kit.client.finalize_group(kit.group).await.expect("finalized");
    assert_eq!((group.total_files, group.completed_files), (100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a042_an_old_url_can_not_touch_a_finished_file() {
    let kit = Kit::folder().await;
    let file = Sample::new("a.bin", bytes(3, 500));
    kit.init(&file).await;
    let signed = kit.sign(&file).await;
    let parts = kit.send(&file).await;
    settled(kit.complete(&file, parts).await);
    let replay = kit.put(&signed[0], file.data.clone()).await;
    assert_eq!(replay.status(), 409);
    assert_eq!(
        std::fs::read(kit.root().join("Trip/a.bin")).expect("the file"),
        file.data
    );
    assert_eq!(unfinished(&kit), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relaunch_keeps_the_parts_and_reads_them_back_before_they_count() {
    let mut kit = Kit::folder().await;
    let file = Sample::new("big.bin", bytes(4, 3_000_000)).cut(1 << 20);
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    kit.relaunch().await;
    assert_eq!(kit.session(&file).await.parts.len(), 3);
    let proof = settled(kit.complete(&file, parts).await);
    assert_eq!(proof.proof, "read_back");
    assert_eq!(
        std::fs::read(kit.root().join("Trip/big.bin")).expect("the file"),
        file.data
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f103_bytes_that_a_power_cut_took_are_asked_for_again() {
    let mut kit = Kit::folder().await;
    let file = Sample::new("big.bin", bytes(5, 3_000_000)).cut(1 << 20);
    let small = Sample::new("small.bin", bytes(6, 3_000));
    kit.init(&file).await;
    kit.init(&small).await;
    let parts = kit.send(&file).await;
    let small_parts = kit.send(&small).await;
    kit.relaunch().await;
    for name in unfinished(&kit).iter().filter(|n| n.ends_with(".partial")) {
        use std::os::unix::fs::FileExt as _;
        let path = kit.root().join(".windlass").join(name);
        let open = std::fs::OpenOptions::new()
            .write(true)
            .open(path)
            .expect("the partial");
        let at = if open.metadata().expect("size").len() > 10_000 {
            1_500_000
        } else {
            1_500
        };
        open.write_all_at(&[0; 512], at).expect("written");
    }
    match kit.complete(&file, parts).await {
        CompleteOutcome::PartsMissing { parts } => {
            assert_eq!(parts.iter().map(|n| n.get()).collect::<Vec<_>>(), [2]);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        kit.complete(&small, small_parts).await,
        CompleteOutcome::PartsMissing { .. }
    ));
    let parts = kit.send(&file).await;
    settled(kit.complete(&file, parts).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn f106_a_rename_whose_commit_was_lost_is_found_again() {
    let kit = Kit::folder().await;
    let file = Sample::new("a.bin", bytes(7, 5_000));
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    // The ledger refuses the proof once, as if the program had ended between rename and commit.
    let ledger = kit.ledger();
    ledger
        .execute_batch(
            "CREATE TRIGGER test_stop BEFORE UPDATE OF state ON stored_object WHEN NEW.state = 'stored'
             BEGIN SELECT RAISE(ABORT, 'stopped by the test'); END;",
        )
        .expect("a trigger");
    assert_eq!(error_code(&kit.complete(&file, parts.clone()).await), "internal");
    assert!(kit.root().join("Trip/a.bin").exists());
    ledger
        .execute_batch("DROP TRIGGER test_stop; UPDATE upload_session SET lease_until = 0;")
        .expect("dropped");
    let proof = settled(kit.complete(&file, parts).await);
    assert_eq!(
        (proof.object_key.as_str(), proof.proof.as_str()),
        ("Trip/a.bin", "read_back")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_leaves_nothing_behind() {
    let kit = Kit::folder().await;
    let file = Sample::new("a.bin", bytes(8, 3_000_000)).cut(1 << 20);
    kit.init(&file).await;
    let signed = kit.sign(&file).await;
    kit.send(&file).await;
    assert!(kit.delete(&file).await.cleaned);
    assert_eq!(unfinished(&kit), Vec::<String>::new());
    // Also not by a part that comes late (F101).
    assert_eq!(kit.put(&signed[0], file.bodies().remove(0)).await.status(), 409);
    assert_eq!(unfinished(&kit), Vec::<String>::new());
    assert!(kit.delete(&file).await.cleaned, "asked twice, the same answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanished_is_told_and_never_made_again() {
    let kit = Kit::folder().await;
    let file = Sample::new("a.bin", bytes(9, 100));
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    let away = kit.place.path().join("away");
    std::fs::rename(kit.root(), &away).expect("moved");
    assert_eq!(
        error_code(&kit.complete(&file, parts.clone()).await),
        "destination_missing"
    );
    // An empty mount point is not the folder.
    std::fs::create_dir(kit.root()).expect("made");
    assert_eq!(
        error_code(&kit.complete(&file, parts.clone()).await),
        "destination_missing"
    );
    assert_eq!(std::fs::read_dir(kit.root()).expect("empty").count(), 0);
    std::fs::remove_dir(kit.root()).expect("removed");
    std::fs::rename(&away, kit.root()).expect("back");
    settled(kit.complete(&file, parts).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a039_links_below_the_folder_are_not_followed() {
    let kit = Kit::folder().await;
    let outside = kit.place.path().join("outside");
    std::fs::create_dir(&outside).expect("made");
    std::os::unix::fs::symlink(&outside, kit.root().join("Trip")).expect("a link");
    let file = Sample::new("a.bin", bytes(10, 100));
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    assert_eq!(error_code(&kit.complete(&file, parts).await), "name_invalid");
    assert_eq!(std::fs::read_dir(outside).expect("empty").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn f102_a_full_disk_is_told_and_keeps_what_it_has() {
    // A file system of 24 MiB of its own.
    let inside = may_mount("folder::f102_a_full_disk_is_told_and_keeps_what_it_has");
    if !inside.expect("passes where it may mount") {
        return;
    }
    let place = tempfile::TempDir::new().expect("a folder");
    let mount = place.path().join("small");
    std::fs::create_dir(&mount).expect("made");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"])
        .arg(&mount)
        .status()
        .expect("mount runs");
    assert!(mounted.success());
    let path = crate::support::path_text(&mount.join("dest"));
    let kit = Kit::with(
        windlass_protocol::destinations::DestinationConfig::Folder { path },
        None,
        place,
    )
    .await;
    let small = Sample::new("small.bin", bytes(11, 1_000_000));
    kit.upload(&small).await;
    let large = Sample::new("large.bin", bytes(12, 20_000_000)).cut(20_000_000);
    kit.init(&large).await;
    let refused = kit
        .client
        .sign(vec![large.sign_item()])
        .await
        .expect("an answer")
        .remove(0);
    assert_eq!(
        refused.error.map(|e| (e.code, e.status)),
        Some(("storage_full".into(), 507))
    );
    drop(kit);
    let unmounted = std::process::Command::new("umount")
        .arg(&mount)
        .status()
        .expect("umount runs");
    assert!(unmounted.success());
}
