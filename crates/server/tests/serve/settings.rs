//! Settings: precedence, and errors that name the setting and where it came from.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;
use windlass_core::error::Failure;
use windlass_server::serve::settings::{Database, KEYS, Layers, Settings, StoragePlace};

fn resolve(
    flags: &[(&str, &str)],
    variables: &[(&str, &str)],
    file: Option<&Path>,
) -> Result<Settings, Failure> {
    let flags: Vec<_> = flags
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    let variable = |name: &str| {
        variables
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, v)| (*v).to_owned())
    };
    Settings::resolve(&Layers::read(&flags, variable, file)?)
}

fn file(dir: &TempDir, text: &str) -> std::path::PathBuf {
    let path = dir.path().join("windlass.toml");
    std::fs::write(&path, text).expect("written");
    path
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let dir = TempDir::new().expect("a folder");
    let path = file(
        &dir,
        "data = \"/tmp/from-file\"\nlisten = \"127.0.0.1:1\"\nidle-timeout = \"5s\"\nmax-connections = 7\n\
         trusted-proxies = [\"10.0.0.0/8\", \"::1\"]\n",
    );
    let variables = [
        ("WINDLASS_LISTEN", "127.0.0.1:2"),
        ("WINDLASS_IDLE_TIMEOUT", "6s"),
    ];
    let settings = resolve(&[("listen", "127.0.0.1:3")], &variables, Some(&path)).expect("settings");
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.idle_timeout, Duration::from_secs(6));
    assert_eq!(settings.max_connections, 7);
    assert_eq!(settings.trusted_proxies.len(), 2);
    assert_eq!(settings.data, Path::new("/tmp/from-file"));
    assert_eq!(
        settings.storage,
        StoragePlace::Folder("/tmp/from-file/files".into())
    );
}

#[test]
fn what_is_wrong_is_told_with_the_settings_name_and_where_it_came_from() {
    let dir = TempDir::new().expect("a folder");
    let data = ("data", "/tmp/x");
    for (flags, variables, text, words) in [
        (vec![], vec![], "", vec!["data:", "--data", "WINDLASS_DATA"]),
        (
            vec![data, ("listen", "nowhere")],
            vec![],
            "",
            vec!["listen: \"nowhere\"", "the command line", "127.0.0.1:8640"],
        ),
        (
            vec![data],
            vec![("WINDLASS_LISTEN", "300.1.1.1:1")],
            "",
            vec!["listen:", "WINDLASS_LISTEN"],
        ),
        (
            vec![data],
            vec![],
            "idle-timeout = \"soon\"",
            vec!["idle-timeout: \"soon\"", "windlass.toml", "30s"],
        ),
        (
            vec![data],
            vec![],
            "listn = \"x\"",
            vec!["listn: there is no such setting", "windlass.toml"],
        ),
        (
            vec![data],
            vec![],
            "idle_timeout = \"3s\"",
            vec!["idle_timeout", "did you mean idle-timeout"],
        ),
        (
            vec![data],
            vec![],
            "listen = \n",
            vec!["windlass.toml", "line 1", "no TOML"],
        ),
        (
            vec![data],
            vec![],
            "[a]\nb = 1",
            vec!["a: there is no such setting"],
        ),
        (
            vec![data, ("database", "mysql://x")],
            vec![],
            "",
            vec!["database:", "postgres://"],
        ),
        (
            vec![data, ("public-url", "https://x.example/path")],
            vec![],
            "",
            vec!["public-url:", "without a path"],
        ),
        (
            vec![data, ("tls-cert", "/tmp/c")],
            vec![],
            "",
            vec!["tls-key: needed", "tls-cert"],
        ),
        (
            vec![data, ("storage", "s3://")],
            vec![],
            "",
            vec!["storage:", "without a bucket"],
        ),
        (
            vec![data, ("storage", "s3://b?key=1")],
            vec![],
            "",
            vec!["storage:", "no field \"key\""],
        ),
        (
            vec![data, ("storage", "s3://b")],
            vec![],
            "",
            vec!["AWS_ACCESS_KEY_ID"],
        ),
        (
            vec![data, ("storage-secret-key", "hush")],
            vec![],
            "",
            vec!["storage-secret-key:", "WINDLASS_STORAGE_SECRET_KEY"],
        ),
        (
            vec![data, ("cors-origins", "*")],
            vec![],
            "",
            vec!["cors-origins:"],
        ),
        (
            vec![data, ("rate-token", "many")],
            vec![],
            "",
            vec!["rate-token:"],
        ),
        (
            vec![data, ("metrics-from", "here")],
            vec![],
            "",
            vec!["metrics-from:", "10.0.0.0/8"],
        ),
    ] {
        let path = (!text.is_empty()).then(|| file(&dir, text));
        let failure = resolve(&flags, &variables, path.as_deref()).expect_err("refused");
        for word in words {
            assert!(
                failure.detail.contains(word),
                "{word:?} is not in {:?}",
                failure.detail
            );
        }
        assert!(!failure.detail.contains("hush"));
    }
}

#[test]
fn a028_secrets_come_from_the_environment_or_a_file_that_nobody_else_reads() {
    let dir = TempDir::new().expect("a folder");
    let bucket = [
        ("data", "/tmp/x"),
        (
            "storage",
            "s3://uploads/team?endpoint=https://s3.example.com:9000&region=eu-1&path_style=1",
        ),
    ];
    let keys = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "hush-hush"),
    ];
    let settings = resolve(&bucket, &keys, None).expect("settings");
    let StoragePlace::Bucket(place) = &settings.storage else {
        panic!("{:?}", settings.storage);
    };
    assert_eq!(
        (
            place.endpoint.as_str(),
            place.region.as_str(),
            place.bucket.as_str(),
            place.prefix.as_str(),
            place.path_style
        ),
        ("https://s3.example.com:9000", "eu-1", "uploads", "team/", true)
    );
    assert_eq!(
        (place.keys.access_key.as_str(), place.keys.secret_key.as_str()),
        ("id", "hush-hush")
    );
    assert!(!format!("{settings:?}").contains("hush-hush"));
    // Our own names come before everybody's.
    let own = [keys[0], keys[1], ("WINDLASS_STORAGE_ACCESS_KEY", "own")];
    let StoragePlace::Bucket(place) = resolve(&bucket, &own, None).expect("settings").storage else {
        panic!("no bucket");
    };
    assert_eq!(place.keys.access_key, "own");

    let path = file(
        &dir,
        "storage-access-key = \"id\"\nstorage-secret-key = \"hush-hush\"\n",
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
    let refused = resolve(&bucket, &[], Some(&path)).expect_err("refused");
    assert!(refused.detail.contains("chmod 600"), "{refused}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
    assert!(resolve(&bucket, &[], Some(&path)).is_ok());
    let broken = file(&dir, "storage-secret-key = \"hush-hush\nx");
    let refused = resolve(&bucket, &[], Some(&broken)).expect_err("refused");
    assert!(!refused.detail.contains("hush"), "{refused}");

    let url = ("database", "postgres://me:hush@h/db");
    let settings = resolve(&[bucket[0], url], &[], None).expect("settings");
    assert!(matches!(settings.database, Database::Postgres(_)) && !format!("{settings:?}").contains("hush"));
}

#[test]
fn every_setting_is_named_once_and_its_default_is_what_it_says() {
    let settings = resolve(&[("data", "/tmp/x")], &[], None).expect("settings");
    let default = |name: &str| KEYS.iter().find(|k| k.name == name).expect(name).default;
    assert_eq!(settings.listen.to_string(), default("listen"));
    assert_eq!(settings.max_connections.to_string(), default("max-connections"));
    assert_eq!(
        settings.database_connections.to_string(),
        default("database-connections")
    );
    assert_eq!(settings.rate_token.per_second.to_string(), default("rate-token"));
    assert_eq!(
        settings.rate_address.per_second.to_string(),
        default("rate-address")
    );
    for (name, duration) in [
        ("header-timeout", settings.header_timeout),
        ("idle-timeout", settings.idle_timeout),
        ("request-timeout", settings.request_timeout),
        ("shutdown-grace", settings.shutdown_grace),
    ] {
        let said = default(name);
        let said = match said.strip_suffix('m') {
            Some(minutes) => minutes.parse::<u64>().map(|m| m * 60),
            None => said.trim_end_matches('s').parse(),
        };
        assert_eq!(Ok(duration.as_secs()), said, "{name}");
    }
    for (at, key) in KEYS.iter().enumerate() {
        assert!(
            !KEYS[at + 1..].iter().any(|k| k.name == key.name),
            "{} twice",
            key.name
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    // Whatever stands in the file or behind a flag is taken or refused by a failure; nothing of it ends the program.
    #[test]
    fn any_file_and_any_value_is_read_or_refused(
        text in "\\PC{0,80}|([a-z-]{1,12} = (\"\\PC{0,12}\"|[0-9]{1,22}|\\[.{0,8}\\]|\\{.{0,8}\\})\n){0,4}",
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
        key in proptest::sample::select(KEYS.iter().map(|key| key.name).collect::<Vec<_>>()),
        value in "\\PC{0,40}|[0-9]{1,25}[a-zA-Z]{0,3}|s3://.{0,20}|postgres://.{0,20}|https?://.{0,20}|[0-9a-f:./]{0,40}",
    ) {
        let dir = TempDir::new().expect("a folder");
        let path = file(&dir, &text);
        let _ = resolve(&[], &[], Some(&path));
        std::fs::write(&path, &bytes).expect("written");
        let _ = resolve(&[], &[], Some(&path));
        let data = dir.path().join("data").display().to_string();
        if let Err(failure) = resolve(&[("data", &data), (key, &value)], &[], None) {
            prop_assert!(!failure.detail.is_empty());
        }
    }
}
