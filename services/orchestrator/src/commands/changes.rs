//! `netchange changes …`: the operator's view of the store. A running `serve` takes up what is done here at once or within seconds.

use anyhow::{Context, Result, bail};
use change_model::{ChangeId, State};

use super::argument;
use super::output::{json, line, say, table};
use crate::adapters::note;
use crate::cli::{ActArgs, ChangesCommand, ExportArgs, ListArgs, OneArgs};
use crate::operations::{self, Action, ActionError, Asked};
use crate::settings::Settings;
use crate::store::Store;
use crate::store::changes::ChangeFilter;
use crate::telemetry::{self, Logs};
use crate::views::ChangeView;

/// Changes read at once for an export.
const EXPORT_PAGE: u32 = 100;

pub(super) async fn run(command: ChangesCommand) -> Result<u8> {
    telemetry::start(Logs::Quiet)?;
    match command {
        ChangesCommand::List(args) => list(args).await,
        ChangesCommand::Show(args) => show(args).await,
        ChangesCommand::Approve(args) => act(args, Action::Approve).await,
        ChangesCommand::Decline(args) => act(args, Action::Decline).await,
        ChangesCommand::Retry(args) => act(args, Action::Retry).await,
        ChangesCommand::Undo(args) => act(args, Action::Undo).await,
        ChangesCommand::Cancel(args) => act(args, Action::Cancel).await,
        ChangesCommand::Export(args) => export(args).await,
    }
}

/// Opens the store; looking at one that is not there leaves none behind.
async fn open(settings: &Settings) -> Result<Store> {
    let url = &settings.store_url;
    if Store::exists(url)? {
        return Store::open(url).await;
    }
    say(&format!("There is no store {url} yet: nothing was served with this configuration."));
    Store::open("sqlite::memory:").await
}

async fn list(args: ListArgs) -> Result<u8> {
    let settings = Settings::load(args.config.config.as_deref())?;
    let state = args.state.as_deref().map(argument::<State>).transpose()?;
    let store = open(&settings).await?;
    let filter = ChangeFilter {
        state,
        ticket_number: args.ticket,
        device: args.device,
        after: None,
        limit: args.limit,
    };
    let changes = store.changes(&filter).await?;
    if args.json {
        let mut views = Vec::with_capacity(changes.len());
        for change in &changes {
            views.push(ChangeView::read(&store, change).await?);
        }
        json(&views)?;
        return Ok(0);
    }
    if changes.is_empty() {
        say("There are no such changes.");
        return Ok(0);
    }
    let text = |value: Option<&dyn ToString>| value.map(ToString::to_string).unwrap_or_default();
    let rows: Vec<Vec<String>> = changes
        .iter()
        .map(|change| {
            vec![
                change.id.to_string(),
                change.ticket.number.clone(),
                change.state.to_string(),
                change.names_device().map_or_else(|| text(None), |device| device.to_string()),
                text(change.interface().map(|interface| interface as &dyn ToString)),
                note::time(change.updated_at),
            ]
        })
        .collect();
    table(&["ID", "TICKET", "STATE", "DEVICE", "INTERFACE", "UPDATED"], &rows);
    Ok(0)
}

async fn show(args: OneArgs) -> Result<u8> {
    let settings = Settings::load(args.config.config.as_deref())?;
    let id = argument(&args.id)?;
    print(&open(&settings).await?, id, args.json).await?;
    Ok(0)
}

async fn print(store: &Store, id: ChangeId, as_json: bool) -> Result<()> {
    let change = store.change(id).await?.with_context(|| format!("there is no change {id}"))?;
    if as_json {
        return json(&ChangeView::read(store, &change).await?);
    }
    line(&format!("Change {} of ticket {}: {}", change.id, change.ticket.number, change.state));
    if let (Some(device), Some(interface)) = (change.device(), change.interface()) {
        line(&format!("{device} {interface}"));
    }
    for problem in &change.problems {
        line(&format!("- {problem}"));
    }
    if let Some(error) = &change.error {
        line(&format!("{error}\n{}", note::aftermath(&change)));
    }
    if let Some(plan) = &change.plan {
        line(&format!("Plan {}\nRisk {}\n", plan.digest()?, note::risk(plan)));
        let rows: Vec<Vec<String>> = plan
            .diff()
            .iter()
            .map(|row| {
                vec![
                    row.path.clone(),
                    note::shown(&row.before).to_owned(),
                    note::shown(&row.after).to_owned(),
                ]
            })
            .collect();
        table(&["WHAT", "BEFORE", "AFTER"], &rows);
    }
    line("");
    let rows: Vec<Vec<String>> = store
        .history(id)
        .await?
        .into_iter()
        .map(|row| vec![note::time(row.at), row.to, row.event, row.detail])
        .collect();
    table(&["AT", "STATE", "EVENT", "DETAIL"], &rows);
    for given_up in store.given_up(Some(id)).await? {
        line(&format!(
            "\nNeeds a person: {} after {} attempts: {}",
            given_up.effect, given_up.attempts, given_up.error
        ));
    }
    Ok(())
}

async fn act(args: ActArgs, action: Action) -> Result<u8> {
    let settings = Settings::load(args.config.config.as_deref())?;
    let ActArgs { by, reason, plan, .. } = &args;
    let asked = Asked { id: argument(&args.id)?, action, by, reason, plan, via: "command" };
    let store = open(&settings).await?;
    match operations::act(&store, &settings.approval, asked).await {
        Ok(id) => {
            print(&store, id, args.json).await?;
            Ok(0)
        }
        Err(ActionError::Store(error)) => Err(error.into()),
        Err(error) => bail!("{error}"),
    }
}

async fn export(args: ExportArgs) -> Result<u8> {
    let settings = Settings::load(args.config.config.as_deref())?;
    let id = args.id.as_deref().map(argument::<ChangeId>).transpose()?;
    let store = open(&settings).await?;
    if let Some(id) = id {
        let change = store.change(id).await?.with_context(|| format!("there is no change {id}"))?;
        line(&serde_json::to_string(&ChangeView::read(&store, &change).await?)?);
        return Ok(0);
    }
    let mut after = None;
    loop {
        let changes =
            store.changes(&ChangeFilter { after, limit: EXPORT_PAGE, ..ChangeFilter::default() }).await?;
        for change in &changes {
            line(&serde_json::to_string(&ChangeView::read(&store, change).await?)?);
        }
        match changes.last() {
            Some(last) => after = Some(last.id),
            None => return Ok(0),
        }
    }
}
