//! `netchange doctor`: one line for each thing that must be right: ok, or what is wrong and how to mend it.

use anyhow::Result;
use change_model::{DeviceName, RequestedSettings};
use netbox_client::{CustomField, Error, Right};

use super::FAILED;
use super::output::{colored, line};
use crate::adapters::device::Device;
use crate::adapters::netbox::read_truth;
use crate::app::App;
use crate::cli::ConfigArgs;
use crate::effects::chain;
use crate::settings::{Settings, SettingsError};
use crate::store::Store;
use crate::telemetry::{self, Logs};

/// Ticket states that must exist.
const STATES: [&str; 6] = ["open", "pending approval", "approved", "closed", "denied", "attention required"];

struct Report {
    failed: bool,
}

impl Report {
    fn check(&mut self, what: &str, result: Result<String, String>) {
        match result {
            Ok(detail) => line(&format!("{}  {what}: {detail}", colored("ok   ", "32"))),
            Err(problem) => {
                self.failed = true;
                line(&format!("{}  {what}: {problem}", colored("WRONG", "31")));
            }
        }
    }
}

pub(super) async fn run(args: ConfigArgs) -> Result<u8> {
    telemetry::start(Logs::Quiet)?;
    let mut report = Report { failed: false };
    let settings = match Settings::load(args.config.as_deref()) {
        Ok(settings) => settings,
        Err(SettingsError(problems)) => {
            problems.iter().for_each(|problem| report.check("configuration", Err(problem.clone())));
            return Ok(super::WRONG_USAGE);
        }
    };
    report.check("configuration", Ok("complete".to_owned()));
    if settings.server.allow_unsigned_webhooks {
        report.check("webhooks", Err("unsigned ones are accepted; set server.allow_unsigned_webhooks = false when all systems can sign".to_owned()));
    }
    let store = Store::open(&settings.store_url).await;
    let store = match store {
        Ok(store) => store,
        Err(error) => {
            report.check("store", Err(format!("{error:#}")));
            return Ok(FAILED);
        }
    };
    report.check("store", Ok(settings.store_url.clone()));
    let app = App::new(settings, store)?;
    zammad(&app, &mut report).await;
    webex(&app, &mut report).await;
    netbox(&app, &mut report).await;
    devices(&app, &mut report).await;
    given_up(&app, &mut report).await?;
    Ok(if report.failed { FAILED } else { 0 })
}

async fn zammad(app: &App, report: &mut Report) {
    match app.zammad.states().await {
        Err(error) => {
            report.check("Zammad", Err(format!("{}; check zammad.url and zammad.token", chain(&error))))
        }
        Ok(states) => {
            report.check("Zammad", Ok(format!("reached {}", app.settings.zammad.url)));
            for wanted in STATES {
                let found = states.iter().any(|state| state.name == wanted);
                let problem = format!("there is no ticket state {wanted:?}; create it in Zammad");
                report.check("Zammad state", if found { Ok(wanted.to_owned()) } else { Err(problem) });
            }
        }
    }
}

async fn webex(app: &App, report: &mut Report) {
    match app.webex.me().await {
        Err(error) => report.check("Webex", Err(format!("{}; check webex.token", chain(&error)))),
        Ok(me) => report
            .check("Webex", Ok(format!("logged in as {}", me.emails.first().map_or("?", String::as_str)))),
    }
    match app.webex.webhooks().await {
        Err(error) => report.check("Webex webhooks", Err(chain(&error))),
        Ok(hooks) => {
            let target = format!("{}/card", app.settings.server.public_url);
            let ours = hooks.iter().find(|hook| hook.target_url == target);
            let state = match ours {
                Some(hook) if hook.is_active() => Ok(format!("active for {target}")),
                Some(_) => Err(format!("Webex switched the one for {target} off; make it active again")),
                None => Err(format!("there is none for {target}: answers to cards cannot arrive")),
            };
            report.check("Webex webhook", state);
        }
    }
}

async fn netbox(app: &App, report: &mut Report) {
    match app.netbox.status().await {
        Err(error) => {
            report.check("NetBox", Err(format!("{}; check netbox.url and netbox.token", chain(&error))));
            return;
        }
        Ok(status) => report.check("NetBox", Ok(format!("version {}", status.netbox_version))),
    }
    let name = &app.settings.netbox.ticket_field;
    let found = app.netbox.find_custom_field(name).await;
    report.check("NetBox custom field", custom_field(name, found));
    report.check("NetBox rights", rights(app).await);
}

/// A token that may only read would be noticed by the first change, after its approval.
async fn rights(app: &App) -> Result<String, String> {
    let (mut given, mut missing) = (Vec::new(), Vec::new());
    for right in Right::ALL {
        match app.netbox.may(right).await {
            Ok(true) => given.push(right.to_string()),
            Ok(false) => missing.push(right),
            Err(error) => {
                return Err(format!("whether the token may {right} cannot be found out: {}", chain(&error)));
            }
        }
    }
    let given = given.join(", ");
    match missing.as_slice() {
        [] => Ok(given),
        // The one right that changes get by without.
        [Right::DeleteIpAddresses] => Ok(format!(
            "{given}; not to delete IP addresses: one that a failed change made will stay, unassigned"
        )),
        missing => Err(format!(
            "the token may not {}; give its user these permissions, and take a token that may write",
            missing.iter().map(Right::to_string).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// Without the field every change fails at its first write; nothing else needs the right to look at custom fields.
fn custom_field(name: &str, found: Result<Option<CustomField>, Error>) -> Result<String, String> {
    let mend = format!(
        "create {name} in NetBox, object type DCIM > Interface, type Text, or set netbox.ticket_field"
    );
    match found {
        Ok(Some(field)) if !field.object_types.iter().any(|kind| kind == "dcim.interface") => {
            Err(format!("{name} is not one of interfaces; {mend}"))
        }
        Ok(Some(field)) if field.kind.as_ref().is_some_and(|kind| kind.as_str() != "text") => {
            Err(format!("{name} is not of type Text; {mend}"))
        }
        Ok(Some(_)) => Ok(name.to_owned()),
        Ok(None) => Err(format!("there is none; {mend}")),
        Err(Error::Forbidden { .. }) => {
            Ok(format!("{name} is not checked: the token's user may not view custom fields"))
        }
        Err(error) => Err(chain(&error)),
    }
}

/// Every device named in the configuration; others are only known to NetBox.
async fn devices(app: &App, report: &mut Report) {
    let known_hosts = &app.settings.devices.known_hosts;
    if !known_hosts.is_file() {
        let text =
            format!("there is no {}; fill it with ssh-keyscan and compare the keys", known_hosts.display());
        report.check("known_hosts", Err(text));
    }
    for name in app.settings.devices.hosts.keys() {
        let Ok(device) = name.parse::<DeviceName>() else { continue };
        let field = &app.settings.netbox.ticket_field;
        let truth = read_truth(&app.netbox, field, &device, None, &RequestedSettings::default()).await;
        let address = truth.ok().and_then(|truth| truth.device).and_then(|found| found.primary_ip4);
        match Device::connect_at(&app.settings.devices, &device, address).await {
            Ok(session) => {
                let offers = session.session.capabilities();
                let how = match (offers.confirmed_commit(), offers.candidate()) {
                    (true, _) => "candidate with confirmed commit",
                    (false, true) => "candidate without confirmed commit",
                    (false, false) => "writable running",
                };
                session.close().await;
                report.check("device", Ok(format!("{name}: NETCONF, {how}")));
            }
            Err(error) => report.check("device", Err(format!("{name}: {error}"))),
        }
    }
}

async fn given_up(app: &App, report: &mut Report) -> Result<()> {
    let rows = app.store.given_up(None).await?;
    if rows.is_empty() {
        report.check("effects", Ok("none was given up".to_owned()));
    }
    for row in rows {
        let text = format!(
            "{} of change {} was given up: {}; mend it and run: netchange changes retry {}",
            row.effect, row.change_id, row.error, row.change_id
        );
        report.check("effects", Err(text));
    }
    Ok(())
}
