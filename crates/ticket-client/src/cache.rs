//! What a client remembers for a while: users, states and who it is itself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ids::UserId;
use crate::ticket::{State, User};

/// How long a user or the list of states is believed.
const LIFETIME: Duration = Duration::from_secs(300);
/// Users kept at most; beyond it, all are forgotten.
const MAX_USERS: usize = 1000;

#[derive(Default)]
pub(crate) struct Cache {
    users: Mutex<HashMap<UserId, (Instant, User)>>,
    states: Mutex<Option<(Instant, Vec<State>)>>,
    me: Mutex<Option<UserId>>,
}

impl Cache {
    pub(crate) fn user(&self, id: UserId) -> Option<User> {
        let users = lock(&self.users);
        users.get(&id).filter(|(at, _)| at.elapsed() < LIFETIME).map(|(_, user)| user.clone())
    }

    pub(crate) fn keep_user(&self, user: &User) {
        let mut users = lock(&self.users);
        if users.len() >= MAX_USERS {
            users.clear();
        }
        users.insert(user.id, (Instant::now(), user.clone()));
    }

    pub(crate) fn states(&self) -> Option<Vec<State>> {
        let states = lock(&self.states);
        states.as_ref().filter(|(at, _)| at.elapsed() < LIFETIME).map(|(_, states)| states.clone())
    }

    pub(crate) fn keep_states(&self, states: &[State]) {
        *lock(&self.states) = Some((Instant::now(), states.to_vec()));
    }

    pub(crate) fn forget_states(&self) {
        *lock(&self.states) = None;
    }

    pub(crate) fn me(&self) -> Option<UserId> {
        *lock(&self.me)
    }

    pub(crate) fn keep_me(&self, id: UserId) {
        *lock(&self.me) = Some(id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
