//! The scenario in which netchange itself dies.

use anyhow::{Result, ensure};
use lab::people::LEAD;

use super::happy::{PORT, founding_ticket};
use super::stage::{Options, Stage};

/// Killed when the switch is configured but the store does not know it yet: the hardest moment of a change.
pub(super) async fn crash(options: Options) -> Result<()> {
    let mut stage = Stage::start(Options { child: true, ..options }).await?;
    stage.start_child(Some("between:configure_device")).await?;
    let ticket = stage.file(PORT, founding_ticket()).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.child_died().await?;
    stage.narrator.step("netchange was killed after the switch took the edit, before that was stored");
    stage.start_child(None).await?;
    stage.narrator.step("netchange is started again");
    stage.done(ticket).await?;
    ensure!(
        stage.lab.switch.events().running_changes() == 1,
        "the switch was changed {} times",
        stage.lab.switch.events().running_changes()
    );
    ensure!(stage.notes(ticket).matches("Approved by").count() <= 2, "a note is doubled");
    stage.stop().await;
    Ok(())
}
