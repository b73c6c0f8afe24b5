//! `netchange lab`: the stand-ins alone, on the ports of `netchange.example.toml`.

use anyhow::{Context, Result};
use lab::{Lab, LabSettings, Ports};

use super::output::say;
use crate::cli::LabArgs;
use crate::telemetry::{self, Logs};

pub(super) async fn run(args: LabArgs) -> Result<u8> {
    telemetry::start(Logs::Stderr)?;
    std::fs::create_dir_all(&args.dir).with_context(|| format!("cannot make {}", args.dir.display()))?;
    let settings = LabSettings {
        ports: Ports::FIXED,
        orchestrator_url: args.netchange.trim_end_matches('/').to_owned(),
        switch_host_key: Some(args.dir.join("lab_host_key")),
        capabilities: args.switch.into(),
        ..LabSettings::default()
    };
    let lab = Lab::start(settings).await.context("cannot start the lab; is another one running?")?;
    let known_hosts = args.dir.join("lab_known_hosts");
    std::fs::write(&known_hosts, format!("{}\n", lab.switch.known_hosts_line()))
        .with_context(|| format!("cannot write {}", known_hosts.display()))?;
    say(&format!("The lab is running; Ctrl-C ends it.\n\n  start here       {}", lab.control.url()));
    say(&format!("  tickets          {}\n  chat             {}", lab.zammad.url(), lab.webex.url()));
    say(&format!("  NetBox           {}\n  switch           {}", lab.netbox.url(), lab.switch.page_url()));
    say(&format!("  NETCONF          {} (host key in {})", lab.switch.addr(), known_hosts.display()));
    say(&format!(
        "\nWebhooks go to {}. In another terminal:\n  netchange serve --config netchange.example.toml",
        args.netchange
    ));
    tokio::signal::ctrl_c().await.context("cannot listen for Ctrl-C")?;
    lab.stop().await;
    Ok(0)
}
