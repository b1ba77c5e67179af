//! The steps of a scenario, one after the other.

use std::time::Duration;

use greenroom_model::history::{ReplyNote, StepNote};
use tokio::sync::Semaphore;

use super::{Asked, Over, PATIENCE, Player, asks};
use crate::{
    adapter::Adapter,
    drive::Ask,
    scenario::{Step, Verb},
};

/// The longest patience that makes sense.
const MOST: Duration = Duration::from_secs(3600);

impl<'a> Player<'a> {
    pub(super) async fn steps(&mut self, adapter: &Adapter, starting: &Semaphore) -> Result<(), Over> {
        let scenario = self.scenario;
        for step in &scenario.steps {
            self.stage.begin_phase(&step.id)?;
            self.before = self.activity.borrow().requests;
            self.questions = 0;
            let done = self.step(step, adapter, starting).await;
            self.stage.look_at_file();
            done?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &'a Step, adapter: &Adapter, starting: &Semaphore) -> Result<(), Over> {
        let patience = self.patience_of(step);
        match &step.verb {
            Verb::Restart(_) => return self.restart(step, adapter, starting).await,
            Verb::Together(members) => {
                let all = members.iter().flat_map(|member| (1..=member.repeat).map(move |i| (member, i)));
                let longest = members.iter().map(|member| self.patience_of(member)).max().unwrap_or(patience);
                let (late, first) = all.partition(|(member, _)| member.late);
                self.late = late;
                self.ask_all(Vec::into_iter(first)).await?;
                self.settle(patience.max(longest)).await?;
            }
            _ if step.parallel => {
                self.ask_all((1..=step.repeat).map(|i| (step, i))).await?;
                self.settle(patience).await?;
            }
            _ => {
                for i in 1..=step.repeat {
                    self.ask_all([(step, i)].into_iter()).await?;
                    self.settle(patience).await?;
                }
            }
        }
        Ok(())
    }

    /// Writes all of these down, and then all of them to the client.
    async fn ask_all<'s>(&mut self, wishes: impl Iterator<Item = (&'s Step, u32)>) -> Result<(), Over> {
        let mut asks = Vec::new();
        for (step, i) in wishes {
            let Some(wish) = asks::wish(&mut self.stage, &self.objects, step, i)? else { continue };
            self.last_id += 1;
            let id = self.last_id;
            let note = StepNote { id, ..wish.note };
            let makes = wish.object.as_ref().map(|(name, _)| name.clone());
            let uses = step.verb.uses().map(|name| asks::counted(name, i));
            self.objects.extend(wish.object);
            if let Some((name, cause)) = uses.and_then(|name| self.failed.get_key_value(&name)) {
                let (name, cause) = (name.clone(), cause.clone());
                self.skip(note, makes, &name, cause);
                continue;
            }
            self.stage.sandbox.evidence().step(note);
            self.asked.insert(id, Asked { step: step.id.clone(), makes });
            self.questions += 1;
            asks.push(Ask { id, verb: wish.verb });
        }
        for ask in &asks {
            // One that has ended is heard to have.
            let _ = self.running.as_ref().map(|running| running.send(ask));
        }
        Ok(())
    }

    /// Asks for what was to come when the client waits.
    pub(super) async fn ask_late(&mut self) -> Result<(), Over> {
        let late = std::mem::take(&mut self.late);
        self.ask_all(late.into_iter()).await
    }

    /// Leaves out what makes no sense because an object did not come to be.
    fn skip(&mut self, note: StepNote, makes: Option<String>, name: &str, cause: ReplyNote) {
        let why = format!("there is no {name}: its step {} failed", cause.step);
        // What was said to that was looked through when it was said.
        let message = cause.message.as_ref().map(|message| self.stage.sandbox.evidence().hidden(message));
        let reply = ReplyNote { id: note.id, step: note.step.clone(), message, ids: None, ..cause.clone() };
        // What comes of it is missing for the same reason.
        if let Some(makes) = makes {
            self.failed.insert(makes, cause);
        }
        self.stage.sandbox.evidence().step(StepNote { skipped: Some(why), ..note });
        self.stage.sandbox.evidence().reply(reply);
    }

    /// Lets the client finish and starts it anew. It knows nothing of what it was asked before.
    async fn restart(&mut self, step: &Step, adapter: &Adapter, starting: &Semaphore) -> Result<(), Over> {
        self.last_id += 1;
        let (id, verb) = (self.last_id, step.verb.name().to_owned());
        let note = StepNote { id, step: step.id.clone(), verb, ..StepNote::default() };
        self.stage.sandbox.evidence().step(note);
        self.finish().await;
        self.sleepers.clear();
        self.objects.clear();
        self.failed.clear();
        self.start(adapter, starting).await?;
        let reply = ReplyNote { id, step: step.id.clone(), ok: true, ..ReplyNote::default() };
        self.stage.sandbox.evidence().reply(reply);
        Ok(())
    }

    fn patience_of(&self, step: &Step) -> Duration {
        let usual = self.patience.unwrap_or(PATIENCE);
        step.patience.map_or(usual, |patience| patience.duration().unsigned_abs()).min(MOST)
    }
}
