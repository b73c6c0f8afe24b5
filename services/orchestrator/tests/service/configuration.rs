//! The configuration: every problem at once, and nothing is started with a wrong one.

use serde_json::json;

use super::support::{Options, World, netchange};

/// Runs a command with this configuration.
async fn with(toml: &str, arguments: &[&str], environment: &[(&str, &str)]) -> super::support::Said {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("netchange.toml");
    std::fs::write(&file, toml).unwrap();
    netchange(&[arguments, &["--config", file.to_str().unwrap()]].concat(), environment).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_is_listed_at_once_with_exit_2() {
    let toml = r#"
[server]
listen = "nowhere"
colour = "red"
[store]
url = "mysql://x"
[zammad]
url = "ftp://tickets"
[devices]
timeout = "soon"
port = 99999
[approval]
required = 2
approvers = ["nobody"]
[extra]
"#;
    for arguments in [
        &["serve"][..],
        &["changes", "list"],
        &["plan", "-"],
        &["show", "interface", "c9300", "GigabitEthernet1/0/5"],
    ] {
        let said = with(toml, arguments, &[]).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {said:?}");
        for part in [
            "server.listen",
            "server.colour",
            "server.api_token",
            "store.url",
            "zammad.url",
            "zammad.token",
            "zammad.webhook_secret",
            "webex.token",
            "netbox.url",
            "devices.username",
            "devices.password",
            "devices.timeout",
            "devices.port",
            "approval.approvers",
            "[extra]",
        ] {
            assert!(said.err.contains(part), "{part} is missing in\n{}", said.err);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_toml_and_what_is_not_there_are_exit_2() {
    let said = with("[server\nlisten = ", &["serve"], &[]).await;
    assert_eq!(said.code, 2, "{said:?}");
    let said = netchange(&["serve", "--config", "/nowhere/at/all.toml"], &[]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("/nowhere/at/all.toml"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_refused_in_clear_words_without_its_password() {
    let mut world = World::new(Options::default()).await;
    for url in [
        "postgres://netchange:hidden-password@db/netchange",
        "postgresql://netchange:hidden-password@db/netchange",
    ] {
        world.config["store"]["url"] = json!(url);
        let said = world.run(&["serve"]).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
        assert!(said.err.contains("PostgreSQL is not supported yet"), "{said:?}");
        assert!(!said.err.contains("hidden-password"), "{said:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_none_is_told_in_words_that_help() {
    let world = World::new(Options::default()).await;
    std::fs::write(
        world.home.path().join("netchange.db"),
        "no database at all, and longer than a header".repeat(200),
    )
    .unwrap();
    for arguments in [&["serve"][..], &["changes", "list"]] {
        let said = world.run(arguments).await;
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
        assert!(said.err.contains("netchange.db") && said.err.contains("restore a backup"), "{said:?}");
        assert_eq!(said.err.matches("file is not a database").count(), 1, "{said:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_webhook_secrets_stop_the_start() {
    let mut world = World::new(Options::default()).await;
    for section in ["zammad", "webex", "netbox"] {
        let right = world.config[section]["webhook_secret"].clone();
        world.config[section]["webhook_secret"] = json!("");
        let said = world.run(&["serve"]).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(&format!("{section}.webhook_secret")), "{said:?}");
        world.config[section]["webhook_secret"] = right;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_and_files_give_values_too() {
    let world = World::new(Options::default()).await;
    let toml = std::fs::read_to_string(world.write_config()).unwrap();
    let token = world.secrets.zammad_token.clone();
    let without = toml.replace(&format!("{token:?}"), "\"\"");
    let said = with(&without, &["changes", "list"], &[]).await;
    assert_eq!(said.code, 2, "{said:?}");
    let said = with(&without, &["changes", "list"], &[("NETCHANGE_ZAMMAD__TOKEN", &token)]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let file = world.home.path().join("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let from_file = format!("file:{}", file.display());
    let said = with(&without, &["changes", "list"], &[("NETCHANGE_ZAMMAD__TOKEN", &from_file)]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let said = with(&toml, &["changes", "list"], &[("NETCHANGE_SERVER__COLOUR", "red")]).await;
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("server.colour"), "{said:?}");
    world.stop().await;
}
