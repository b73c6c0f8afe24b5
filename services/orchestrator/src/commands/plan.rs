//! `netchange plan`: what a ticket would do. Nothing is changed, on no system.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use change_model::Plan;
use jiff::Timestamp;
use serde_json::json;

use super::FAILED;
use super::output::{json as print_json, line, say, table};
use crate::adapters::note::shown;
use crate::adapters::ticket;
use crate::app::App;
use crate::cli::PlanArgs;
use crate::effects::plan::{Assessment, assess};
use crate::settings::Settings;
use crate::store::Store;
use crate::telemetry::{self, Logs};

/// Largest file that is read, in bytes: that of a webhook's body.
const MAX_FILE: u64 = 1 << 20;

pub(super) async fn run(args: PlanArgs) -> Result<u8> {
    telemetry::start(Logs::Quiet)?;
    let settings = Settings::load(args.config.config.as_deref())?;
    let body = read(&args.ticket)?;
    let event = ticket_client::webhook::parse(&body)
        .with_context(|| format!("{} is no ticket webhook's body", args.ticket.display()))?;
    // A store in memory: this command leaves nothing behind.
    let app = App::new(settings, Store::open("sqlite::memory:").await?)?;
    let change = ticket::receive(&event.ticket, Timestamp::now())?.change;
    hint(&app, &event.ticket);
    match assess(&app, &change).await? {
        Assessment::Invalid(problems) => {
            if args.json {
                print_json(&json!({"valid": false, "problems": problems}))?;
            } else {
                say(&format!("Ticket {} cannot be carried out:", change.ticket.number));
                problems.iter().for_each(|problem| line(&format!("- {problem}")));
            }
            Ok(FAILED)
        }
        Assessment::Planned { plan, .. } => {
            if args.json {
                print_json(
                    &json!({"valid": true, "digest": plan.digest()?, "nothing_to_do": plan.is_nothing_to_do(), "diff": plan.diff(), "plan": plan}),
                )?;
            } else {
                print(&plan)?;
            }
            Ok(0)
        }
    }
}

/// Says what would keep `serve` from looking at the ticket, which is no reason not to plan it here.
fn hint(app: &App, ticket: &ticket_client::Ticket) {
    let wanted = app.settings.zammad.ticket_type.as_str();
    match ticket.ticket_type() {
        Some(found) if found == wanted => {}
        found => say(&format!(
            "Note: serve ignores this ticket, whose type is {} and not {wanted}.",
            found.unwrap_or("none")
        )),
    }
    if ticket.state != ticket::OPEN {
        say(&format!("Note: serve waits until this ticket is open; it is {}.", ticket.state));
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(MAX_FILE + 1)
            .read_to_end(&mut body)
            .context("cannot read standard input")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        file.take(MAX_FILE + 1)
            .read_to_end(&mut body)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    if body.len() as u64 > MAX_FILE {
        bail!("{} is larger than 1 MiB", path.display());
    }
    Ok(body)
}

fn print(plan: &Plan) -> Result<()> {
    line(&format!("Ticket {} for {} {}", plan.ticket_number, plan.device, plan.interface));
    line(&format!("Plan   {}", plan.digest()?));
    line(&format!("Risk   {}", crate::adapters::note::risk(plan)));
    if plan.is_nothing_to_do() {
        line("\nNothing to do: switch and NetBox already are as requested.");
        return Ok(());
    }
    line("");
    let rows: Vec<Vec<String>> = plan
        .diff()
        .iter()
        .map(|row| vec![row.path.clone(), shown(&row.before).to_owned(), shown(&row.after).to_owned()])
        .collect();
    table(&["WHAT", "BEFORE", "AFTER"], &rows);
    for kept in &plan.device_before.other {
        line(&format!("kept on the switch: {} {}", kept.path, kept.value));
    }
    line(&format!(
        "\nNetBox, interface {}:\n{}",
        plan.truth.interface_id,
        serde_json::to_string_pretty(&plan.truth.after)?
    ));
    for address in &plan.truth.addresses {
        line(&format!("address: {}", serde_json::to_string(address)?));
    }
    line(&format!("\nedit-config:\n{}", shown(&plan.edit)));
    line(&format!("\ninverse:\n{}", shown(&plan.inverse)));
    Ok(())
}
