//! Adding, trying and removing destinations.

use tempfile::TempDir;
use windlass_core::error::ErrorCode;
use windlass_core::ids::DestinationId;
use windlass_protocol::destinations::{
    Check, DestinationConfig, PutDestination, SecretKeep, StepOutcome, StorageSecret,
};
use windlass_testkit::mounts::may_mount;

use crate::s3::{config, garage, place, secret};
use crate::support::{Kit, Sample, bytes, path_text, raw_id, settled};

/// Step and code of the failure.
fn failure(check: &Check) -> (&str, ErrorCode) {
    assert!(!check.ok, "{check:#?}");
    let last = check.steps.last().expect("a step");
    assert_eq!(last.outcome, StepOutcome::Failed);
    (last.step.as_str(), last.code.expect("a code"))
}

fn folder(path: &std::path::Path) -> DestinationConfig {
    DestinationConfig::Folder {
        path: path_text(path),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_tried_step_by_step_and_nothing_is_left() {
    let kit = Kit::folder().await;
    let place = TempDir::new().expect("a place");
    let check = kit.try_destination(folder(&place.path().join("new")), None).await;
    assert!(check.ok);
    let steps: Vec<_> = check.steps.iter().map(|s| s.step.as_str()).collect();
    assert_eq!(
        steps,
        [
            "reachable",
            "create",
            "write",
            "complete",
            "read_back",
            "remove",
            "free_space",
            "same_disk",
            "checksums"
        ]
    );
    assert!(check.steps[6].detail.parse::<u64>().is_ok());
    assert_eq!(
        std::fs::read_dir(place.path()).expect("a folder").count(),
        0,
        "a trial makes nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_can_not_be_used_says_why() {
    let kit = Kit::folder().await;
    let place = TempDir::new().expect("a place");
    let nowhere = kit
        .try_destination(folder(&place.path().join("a/b/c")), None)
        .await;
    assert_eq!(failure(&nowhere), ("reachable", ErrorCode::DestinationMissing));
    std::fs::write(place.path().join("file"), "x").expect("a file");
    let file = kit
        .try_destination(folder(&place.path().join("file")), None)
        .await;
    assert_eq!(failure(&file), ("reachable", ErrorCode::DestinationMissing));
}

#[tokio::test(flavor = "multi_thread")]
async fn f023_a_read_only_disk_is_told_before_it_is_saved() {
    // Root may write anywhere but into a read-only mount.
    let inside = may_mount("destinations::f023_a_read_only_disk_is_told_before_it_is_saved");
    if !inside.expect("passes where it may mount") {
        return;
    }
    let kit = Kit::folder().await;
    let place = tempfile::TempDir::new().expect("a folder");
    let mount = place.path().join("ro");
    std::fs::create_dir(&mount).expect("made");
    let run = |program: &str, args: &[&str]| {
        let done = std::process::Command::new(program)
            .args(args)
            .arg(&mount)
            .status()
            .expect("runs");
        assert!(done.success(), "{program}");
    };
    run("mount", &["-t", "tmpfs", "-o", "ro,size=1m", "tmpfs"]);
    let read_only = kit.try_destination(folder(&mount), None).await;
    run("umount", &[]);
    assert_eq!(failure(&read_only), ("create", ErrorCode::DestinationReadOnly));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_can_not_be_used_says_why() {
    let kit = Kit::folder().await;
    let garage = garage().await;
    let good = config(&garage, garage.endpoint(), &place());
    assert!(kit.try_destination(good.clone(), Some(secret(&garage))).await.ok);

    let mut wrong = secret(&garage);
    wrong.secret_key.replace_range(0..2, "zz");
    let check = kit.try_destination(good.clone(), Some(wrong)).await;
    assert_eq!(failure(&check), ("key", ErrorCode::StorageCredentials));
    let mut unknown = secret(&garage);
    unknown.access_key = format!("GK{}", "0".repeat(24));
    let check = kit.try_destination(good.clone(), Some(unknown)).await;
    assert_eq!(failure(&check), ("key", ErrorCode::StorageCredentials));

    let mut elsewhere = good.clone();
    if let DestinationConfig::S3 { bucket, .. } = &mut elsewhere {
        *bucket = "no-such-bucket".into();
    }
    let check = kit.try_destination(elsewhere, Some(secret(&garage))).await;
    assert_eq!(failure(&check), ("bucket", ErrorCode::BucketMissing));
    let mut region_off = good.clone();
    if let DestinationConfig::S3 { region, .. } = &mut region_off {
        *region = "eu-central-9".into();
    }
    let check = kit.try_destination(region_off, Some(secret(&garage))).await;
    assert_eq!(failure(&check), ("bucket", ErrorCode::BucketMissing));

    let down = config(&garage, "http://127.0.0.1:1", "");
    let check = kit.try_destination(down, Some(secret(&garage))).await;
    assert_eq!(failure(&check), ("reachable", ErrorCode::ConnectionRefused));
    let nobody = config(&garage, "http://no-such-host.invalid", "");
    let check = kit.try_destination(nobody, Some(secret(&garage))).await;
    assert_eq!(failure(&check), ("reachable", ErrorCode::HostNotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_told() {
    let kit = Kit::folder().await;
    let garage = garage().await;
    let good = config(&garage, garage.endpoint(), &place());
    kit.world.later(-6 * 60_000);
    let check = kit.try_destination(good.clone(), Some(secret(&garage))).await;
    assert!(check.ok);
    let clock = check.steps.iter().find(|s| s.step == "clock").expect("the clock");
    assert_eq!(
        (clock.outcome, clock.code),
        (StepOutcome::Warning, Some(ErrorCode::ClockSkew))
    );
    kit.world.later(-10 * 60_000);
    let check = kit.try_destination(good, Some(secret(&garage))).await;
    assert_eq!(failure(&check), ("clock", ErrorCode::ClockSkew));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_never_in_the_ledger_and_its_file_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let (garage, kit) = crate::s3::kit().await;
    kit.upload(&Sample::new("a", bytes(1, 10))).await;
    let home = kit.home.path().join("data");
    let secrets = std::fs::metadata(home.join("secrets.json")).expect("the file");
    assert_eq!(secrets.permissions().mode() & 0o777, 0o600);
    for entry in std::fs::read_dir(&home).expect("the home").flatten() {
        if entry.file_name() != "secrets.json" {
            let bytes = std::fs::read(entry.path()).expect("a file");
            let found = bytes
                .windows(garage.secret_key().len())
                .any(|w| w == garage.secret_key().as_bytes());
            assert!(!found, "{:?}", entry.path());
        }
    }
    let listed = format!("{:?}", kit.client.destinations().await.expect("destinations"));
    assert!(!listed.contains(garage.secret_key()) && !listed.contains(garage.access_key()));
    kit.client
        .remove_destination(kit.destination)
        .await
        .expect("removed");
    let left = std::fs::read_to_string(home.join("secrets.json")).expect("the file");
    assert!(!left.contains(garage.secret_key()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_this_session_only_is_asked_for_after_a_relaunch() {
    let garage = garage().await;
    let mut memory = secret(&garage);
    memory.keep = SecretKeep::Session;
    let config = config(&garage, garage.endpoint(), &place());
    let mut kit = Kit::with(
        config.clone(),
        Some(memory.clone()),
        TempDir::new().expect("a place"),
    )
    .await;
    let file = Sample::new("a", bytes(1, 10));
    kit.init(&file).await;
    let parts = kit.send(&file).await;
    kit.relaunch().await;
    assert_eq!(
        crate::support::error_code(&kit.complete(&file, parts.clone()).await),
        "storage_credentials"
    );
    let put = PutDestination {
        id: kit.destination,
        name: "Archive".into(),
        config,
        secret: Some(memory),
        accepts: None,
    };
    assert!(kit.client.put_destination(&put).await.expect("an answer").ok);
    settled(kit.complete(&file, parts).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_without_a_key_keeps_the_one_that_is_stored() {
    let (_garage, kit) = crate::s3::kit().await;
    let put = PutDestination {
        id: kit.destination,
        name: "New name".into(),
        config: kit.config.clone(),
        secret: None,
        accepts: None,
    };
    assert!(kit.client.put_destination(&put).await.expect("an answer").ok);
    assert_eq!(
        kit.client.destinations().await.expect("destinations")[0].name,
        "New name"
    );
    kit.upload(&Sample::new("a", bytes(1, 10))).await;
    let new = PutDestination {
        id: DestinationId::new(kit.world_now(), raw_id()),
        ..put
    };
    assert_eq!(
        kit.client.put_destination(&new).await.expect_err("no key").code,
        ErrorCode::InvalidField
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_with_open_files_stays() {
    let kit = Kit::folder().await;
    let file = Sample::new("a", bytes(1, 10));
    kit.init(&file).await;
    assert_eq!(
        kit.client
            .remove_destination(kit.destination)
            .await
            .expect_err("open")
            .code,
        ErrorCode::StateConflict
    );
    let parts = kit.send(&file).await;
    settled(kit.complete(&file, parts).await);
    for _ in 0..2 {
        kit.client
            .remove_destination(kit.destination)
            .await
            .expect("removed");
    }
    assert_eq!(kit.client.destinations().await.expect("none"), []);
    assert!(kit.session(&file).await.settled.is_some(), "its history stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanished_is_not_made_again_by_an_edit() {
    let kit = Kit::folder().await;
    std::fs::remove_dir_all(kit.root()).expect("removed");
    let put = PutDestination {
        id: kit.destination,
        name: "Renamed".into(),
        config: kit.config.clone(),
        secret: None,
        accepts: None,
    };
    let check = kit.client.put_destination(&put).await.expect("an answer");
    assert_eq!(failure(&check), ("reachable", ErrorCode::DestinationMissing));
    assert!(!kit.root().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_folder_is_known_by_its_mark() {
    let kit = Kit::folder().await;
    let file = Sample::new("a", bytes(1, 10));
    kit.upload(&file).await;
    let moved = kit.place.path().join("moved");
    std::fs::rename(kit.root(), &moved).expect("moved");
    let put = PutDestination {
        id: kit.destination,
        name: "Archive".into(),
        config: folder(&moved),
        secret: None,
        accepts: None,
    };
    assert!(kit.client.put_destination(&put).await.expect("an answer").ok);
    let verified = kit
        .client
        .verify(&windlass_protocol::sessions::Ids { ids: vec![file.id] })
        .await
        .expect("verify");
    assert!(verified[0].settled.is_some());
    let other = PutDestination {
        config: folder(kit.place.path()),
        ..put
    };
    let check = kit.client.put_destination(&other).await.expect("an answer");
    assert_eq!(failure(&check), ("reachable", ErrorCode::DestinationMissing));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_the_person_is_told() {
    // No Secret Service answers here.
    let kit = Kit::folder().await;
    let garage = garage().await;
    let mut keyring: StorageSecret = secret(&garage);
    keyring.keep = SecretKeep::Keyring;
    let id = DestinationId::new(kit.world_now(), raw_id());
    let config = config(&garage, garage.endpoint(), &place());
    let put = PutDestination {
        id,
        name: "Bucket".into(),
        config,
        secret: Some(keyring),
        accepts: None,
    };
    match kit.client.put_destination(&put).await {
        Err(e) => {
            assert_eq!(e.code, ErrorCode::KeyringLocked);
            assert!(!e.detail.contains(garage.secret_key()));
            assert_eq!(
                kit.client.destinations().await.expect("one").len(),
                1,
                "nothing was saved"
            );
        }
        // A machine with a keyring keeps it there.
        Ok(check) => {
            assert!(check.ok);
            kit.client
                .remove_destination(id)
                .await
                .expect("removed, with its entry");
        }
    }
}
