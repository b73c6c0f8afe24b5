//! A query, and how far the names on the way down have satisfied each of its words.

use std::collections::HashMap;

use super::needle::{Frequencies, Needle};
use super::texts::Texts;
use crate::schema::{ModuleId, Schema};

/// Most words of a query; more are ignored. A set of words is kept in the bits of one byte.
pub(super) const MAX_WORDS: usize = 8;
/// Most steps of one word (`interface/GigabitEthernet/mtu`).
const MAX_STEPS: usize = 16;

/// Per word, how well something fits; 0 is not at all.
pub(super) type Fits = [u8; MAX_WORDS];

/// A word of the query.
pub(super) struct Word {
    steps: Vec<Step>,
    from_top: bool,
    /// Finds it in a description; only words of one step are looked for there.
    pub(super) text: Option<Needle>,
}

struct Step {
    module: Option<String>,
    name: Needle,
}

impl Word {
    fn new(word: &str, frequencies: &Frequencies) -> Self {
        let needle = |word: &str| Needle::new(word, frequencies);
        let steps: Vec<Step> = word
            .split('/')
            .filter(|step| !step.is_empty())
            .take(MAX_STEPS)
            .map(|step| {
                let step = step.split('[').next().unwrap_or(step).to_lowercase();
                match step.split_once(':') {
                    Some((module, name)) => Step { module: Some(module.to_owned()), name: needle(name) },
                    None => Step { module: None, name: needle(&step) },
                }
            })
            .collect();
        let plain = !word.contains(['/', ':']);
        Self { steps, from_top: word.starts_with('/'), text: plain.then(|| needle(word)) }
    }
}

/// A query, compared with all names there are.
pub(super) struct Query {
    pub(super) words: Vec<Word>,
    /// Per name its class: names that fit all steps of all words alike share one; 0 are those that fit none.
    pub(super) class_of: Vec<u32>,
    /// Per class, word and step: how well its names fit.
    classes: Vec<Vec<Vec<u8>>>,
    /// Whether a node's module, or that it is at the top, counts too.
    asks_module: bool,
    asks_top: bool,
}

impl Query {
    pub(super) fn new(schema: &Schema, text: &str) -> Self {
        let frequencies = &Texts::of(schema).frequencies;
        let word = |word| Word::new(word, frequencies);
        let words: Vec<Word> = text.split_whitespace().take(MAX_WORDS).map(word).collect();
        let mut query = Self {
            asks_module: words.iter().flat_map(|word| &word.steps).any(|step| step.module.is_some()),
            asks_top: words.iter().any(|word| word.from_top),
            class_of: Vec::new(),
            classes: vec![Vec::new()],
            words,
        };
        if query.is_empty() {
            return query;
        }
        let mut known = HashMap::new();
        let all = |name: &str| -> Vec<Vec<u8>> {
            let of_word = |word: &Word| word.steps.iter().map(|step| step.name.fit(name)).collect();
            query.words.iter().map(of_word).collect()
        };
        let mut classes = vec![Vec::new()];
        let any = |name: &str| {
            let mut steps = query.words.iter().flat_map(|word| &word.steps);
            steps.any(|step| step.name.find(name.as_bytes(), 0).is_some())
        };
        query.class_of = schema
            .names
            .texts()
            .map(|name| match any(name) {
                false => 0,
                true => *known.entry(all(name)).or_insert_with_key(|fits| {
                    classes.push(fits.clone());
                    u32::try_from(classes.len() - 1).unwrap_or(0)
                }),
            })
            .collect();
        query.classes = classes;
        query
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// What of a node makes a difference to [`Query::step`].
    pub(super) fn view(&self, class: u32, module: ModuleId, is_top: bool) -> View {
        View { class, module: if self.asks_module { module } else { 0 }, is_top: self.asks_top && is_top }
    }

    /// The progress below a node, and how well its own name fits each word.
    fn step(
        &self,
        schema: &Schema,
        view: View,
        before: &[Progress; MAX_WORDS],
    ) -> ([Progress; MAX_WORDS], Fits) {
        let mut progress = *before;
        let mut own = Fits::default();
        for (index, word) in self.words.iter().enumerate() {
            let done = usize::from(before[index].steps);
            let last = word.steps.len().saturating_sub(1);
            // the step that would come next, and the last step again for a deeper node
            let due = done.min(last);
            let fit = self.step_fit(schema, view, index, due);
            own[index] = if due == last { fit } else { 0 };
            if fit > 0 && done < word.steps.len() {
                progress[index].steps += 1;
                progress[index].score = before[index].score.max(fit / 4);
            }
        }
        (progress, own)
    }

    fn step_fit(&self, schema: &Schema, view: View, word: usize, step: usize) -> u8 {
        let Some(wanted) = self.words[word].steps.get(step) else {
            return 0;
        };
        if self.words[word].from_top && step == 0 && !view.is_top {
            return 0;
        }
        let fit = self.classes[view.class as usize][word][step];
        match &wanted.module {
            Some(module) if fit > 0 => {
                let home = &schema.modules[view.module as usize];
                let is_it =
                    home.name.eq_ignore_ascii_case(module) || home.prefix.eq_ignore_ascii_case(module);
                if is_it { fit } else { 0 }
            }
            _ => fit,
        }
    }
}

/// What of a node its name's judgement depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    class: u32,
    module: ModuleId,
    is_top: bool,
}

/// How far the nodes above have satisfied a word, and how well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Progress {
    steps: u8,
    pub(super) score: u8,
}

/// What a word in a description counts.
pub(super) const DESCRIPTION: u8 = 12;

/// What is known of a node before its description is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    /// The state of the nodes below it.
    pub(super) below: u32,
    /// How well its own name fits each word.
    pub(super) own: Fits,
    /// The words that its name fits, as bits.
    pub(super) named: u8,
    /// The words that neither its name nor the names above it satisfy: its description must have them.
    pub(super) missing: u8,
    /// What it scores at most.
    pub(super) most: i32,
}

/// The progress that the nodes of one place share.
pub(super) struct State {
    pub(super) progress: [Progress; MAX_WORDS],
    /// The words that are satisfied, as bits.
    pub(super) satisfied: u8,
    /// What is known of a node whose name fits no word.
    pub(super) nameless: Judged,
}

/// A state, what was below it, and what came of that.
#[derive(Clone, Copy)]
struct Known {
    state: u32,
    view: View,
    judged: Judged,
}

/// Steps that are remembered: 2 to this power.
const KNOWN_BITS: u32 = 10;

/// The states that occurred, and the steps between them.
pub(super) struct States<'q> {
    schema: &'q Schema,
    query: &'q Query,
    all: Vec<State>,
    numbers: HashMap<[Progress; MAX_WORDS], u32>,
    /// The same few steps are taken a million times. Each has one place here; a later one of the same place takes it.
    known: Vec<Option<Known>>,
}

impl<'q> States<'q> {
    pub(super) fn new(schema: &'q Schema, query: &'q Query) -> Self {
        let known = vec![None; 1 << KNOWN_BITS];
        let mut states = Self { schema, query, all: Vec::new(), numbers: HashMap::new(), known };
        states.number([Progress::default(); MAX_WORDS]);
        states
    }

    #[inline]
    pub(super) fn get(&self, state: u32) -> &State {
        &self.all[state as usize]
    }

    fn number(&mut self, progress: [Progress; MAX_WORDS]) -> u32 {
        if let Some(known) = self.numbers.get(&progress) {
            return *known;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(0);
        let words = self.query.words.iter().enumerate();
        let done = words.filter(|(index, word)| usize::from(progress[*index].steps) == word.steps.len());
        let satisfied = done.fold(0, |set, (index, _)| set | 1 << index);
        let nameless = self.judge(&progress, satisfied, Fits::default(), number);
        self.all.push(State { progress, satisfied, nameless });
        self.numbers.insert(progress, number);
        number
    }

    fn judge(&self, progress: &[Progress; MAX_WORDS], satisfied: u8, own: Fits, below: u32) -> Judged {
        let words = self.query.words.len();
        let all = u8::MAX >> (u8::BITS as usize - words);
        let named = (0..words).fold(0, |set, index| set | u8::from(own[index] > 0) << index);
        let most = |index: usize| match (own[index], satisfied & 1 << index) {
            (0, 0) => DESCRIPTION,
            (0, _) => DESCRIPTION.max(progress[index].score),
            (own, 0) => own,
            (own, _) => own.max(progress[index].score),
        };
        let most = (0..words).map(|index| i32::from(most(index))).sum();
        Judged { below, own, named, missing: all & !named & !satisfied, most }
    }

    /// What is known of a node by its name.
    #[inline]
    pub(super) fn step(&mut self, state: u32, view: View) -> Judged {
        let mixed = state
            ^ view.class.rotate_left(12)
            ^ u32::from(view.module).rotate_left(20)
            ^ u32::from(view.is_top);
        let place = (mixed.wrapping_mul(0x9E37_79B1) >> (u32::BITS - KNOWN_BITS)) as usize;
        match &self.known[place] {
            Some(known) if known.state == state && known.view == view => known.judged,
            _ => {
                let judged = self.step_anew(state, view);
                self.known[place] = Some(Known { state, view, judged });
                judged
            }
        }
    }

    fn step_anew(&mut self, state: u32, view: View) -> Judged {
        let State { progress: before, satisfied, .. } = *self.get(state);
        let (progress, own) = self.query.step(self.schema, view, &before);
        let below = self.number(progress);
        self.judge(&before, satisfied, own, below)
    }
}
