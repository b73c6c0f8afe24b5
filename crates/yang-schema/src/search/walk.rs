//! The walk over the nodes: once from the first to the last, parents before their children.

use std::collections::BinaryHeap;

use super::SearchOptions;
use super::progress::{DESCRIPTION, Judged, Query, States};
use super::texts::Texts;
use crate::schema::{NodeData, NodeKind, Schema, Status};

/// Bits that a node's depth has beside its state.
const DEPTH_BITS: u32 = 8;
/// The greatest depth that is kept; that of deeper nodes is counted anew.
const MAX_DEPTH: u32 = (1 << DEPTH_BITS) - 1;
/// What a deep node's depth costs it at most.
const MAX_PENALTY: u32 = 15;
/// Stands for a node that is not in the tree, or below one that was left out.
const OUT: u32 = u32::MAX;

/// A hit in the order of hits: the score (the lower number the better), the depth, the node.
type Rank = (i32, u32, u32);

pub(super) struct Walk<'s> {
    schema: &'s Schema,
    options: &'s SearchOptions,
    query: &'s Query,
    states: States<'s>,
    descriptions: Descriptions<'s>,
    /// Per module: whether its nodes count.
    wanted: Vec<bool>,
    all_wanted: bool,
    /// What a hit's rank begins with at most, if it may still be among the best.
    bar: i32,
    best: BinaryHeap<Rank>,
    total: usize,
}

impl<'s> Walk<'s> {
    pub(super) fn new(schema: &'s Schema, options: &'s SearchOptions, query: &'s Query) -> Self {
        let wanted = options.module.as_deref();
        let modules = schema.modules.iter();
        Self {
            schema,
            options,
            query,
            states: States::new(schema, query),
            descriptions: Descriptions::new(schema, options, query),
            wanted: modules.map(|module| wanted.is_none_or(|name| *module.name == *name)).collect(),
            all_wanted: wanted.is_none(),
            bar: i32::MAX,
            best: BinaryHeap::new(),
            total: 0,
        }
    }

    /// The best hits with their scores, best first, and how many there are in all.
    pub(super) fn run(mut self) -> (Vec<(i32, u32)>, usize) {
        let schema = self.schema;
        let mut places = vec![0_u32; schema.nodes.len()];
        let mut removed = schema.removed.iter().copied();
        let mut next_removed = removed.next();
        for (id, data) in (0_u32..).zip(&schema.nodes).skip(1) {
            let above = places[data.parent as usize];
            let is_transparent = matches!(data.kind, NodeKind::Choice | NodeKind::Case);
            let is_removed = next_removed == Some(id);
            if is_removed {
                next_removed = removed.next();
            }
            let is_out =
                is_removed || above == OUT || (self.options.config_only && !data.config && !is_transparent);
            places[id as usize] = match (is_out, is_transparent) {
                (true, _) => OUT,
                (_, true) => above,
                _ => self.visit(id, data, above),
            };
        }
        let best = self.best.into_sorted_vec();
        (best.into_iter().map(|(score, _, id)| (-score, id)).collect(), self.total)
    }

    /// Judges a node; the place that the nodes below it have. A million nodes come by here: what they have in common is decided first, and
    /// the rest is elsewhere.
    #[inline]
    fn visit(&mut self, id: u32, data: &NodeData, above: u32) -> u32 {
        let (state, depth) = (above >> DEPTH_BITS, above & MAX_DEPTH);
        let class = self.query.class_of[data.name.0 as usize];
        let judged = match class {
            0 => self.states.get(state).nameless,
            _ => self.states.step(state, self.query.view(class, data.module, depth == 0)),
        };
        let below = judged.below << DEPTH_BITS | (depth + 1).min(MAX_DEPTH);
        let (missing, itself, most) = (judged.missing, judged.named | judged.missing, judged.most);
        let is_hit = match self.descriptions.known(missing, data.def) {
            Some(true) if itself != 0 => true,
            Some(false) => false,
            _ => self.is_hit(missing, itself, state, data.def),
        };
        let is_counted = is_hit
            && !matches!(data.kind, NodeKind::Input | NodeKind::Output)
            && (self.all_wanted || self.wanted[data.module as usize]);
        if is_counted {
            self.total += 1;
            // most hits of a word that is everywhere are not among the best, whatever they score
            if depth.min(MAX_PENALTY).cast_signed() - most <= self.bar {
                self.keep(id, state, &judged, depth);
            }
        }
        below
    }

    /// Whether each word fits a node's name, its description, or the names above it, and one of them itself.
    fn is_hit(&mut self, missing: u8, itself: u8, state: u32, def: u32) -> bool {
        self.descriptions.have(missing, def)
            && (itself != 0 || self.descriptions.have_any(self.states.get(state).satisfied, def))
    }

    /// Keeps a hit if it is among the best.
    fn keep(&mut self, id: u32, state: u32, judged: &Judged, depth: u32) {
        let def = self.schema.nodes[id as usize].def;
        let depth = if depth < MAX_DEPTH { depth } else { self.depth_of(id) };
        let status = match self.descriptions.texts.get(def).status {
            Status::Current => 0,
            Status::Deprecated => 10,
            Status::Obsolete => 20,
        };
        let penalty = depth.min(MAX_PENALTY).cast_signed() + status;
        let rank = (penalty - self.score(state, judged, def), depth, id);
        if self.best.len() < self.options.limit {
            self.best.push(rank);
        } else if let Some(mut worst) = self.best.peek_mut()
            && rank < *worst
        {
            *worst = rank;
        }
        if self.best.len() >= self.options.limit {
            self.bar = self.best.peek().map_or(i32::MIN, |worst| worst.0);
        }
    }

    /// The sum over the words: each counts where it fits best.
    fn score(&mut self, state: u32, judged: &Judged, def: u32) -> i32 {
        let state = self.states.get(state);
        let mut score = 0;
        for (index, own) in judged.own.into_iter().enumerate().take(self.query.words.len()) {
            let bit = 1 << index;
            let above = if state.satisfied & bit != 0 { state.progress[index].score } else { 0 };
            let may_matter = own == 0 && above < DESCRIPTION;
            let text = if may_matter && self.descriptions.have(bit, def) { DESCRIPTION } else { 0 };
            score += i32::from(own.max(above).max(text));
        }
        score
    }

    fn depth_of(&self, id: u32) -> u32 {
        let mut depth = 0;
        let mut node = self.schema.nodes[id as usize].parent;
        while node != 0 {
            let data = &self.schema.nodes[node as usize];
            depth += u32::from(!matches!(data.kind, NodeKind::Choice | NodeKind::Case));
            node = data.parent;
        }
        depth
    }
}

/// Which words the descriptions have, found out when that is asked for, once for each definition.
struct Descriptions<'s> {
    schema: &'s Schema,
    query: &'s Query,
    texts: &'s Texts,
    /// The words that are looked for, those that fewer descriptions have first.
    order: Vec<usize>,
    /// The words that are not: paths, and all if descriptions do not count.
    never: u8,
    /// Per definition: the words whose answer is known, and those of them that its description has.
    known: Vec<(u8, u8)>,
}

impl<'s> Descriptions<'s> {
    fn new(schema: &'s Schema, options: &SearchOptions, query: &'s Query) -> Self {
        let texts = Texts::of(schema);
        let (order, others): (Vec<usize>, Vec<usize>) = (0..query.words.len())
            .partition(|index| options.descriptions && query.words[*index].text.is_some());
        // a path is in no description, and nothing is if they do not count
        let never = others.iter().fold(0, |set, index| set | 1 << index);
        Self { schema, query, texts, order, never, known: vec![(never, 0); texts.len()] }
    }

    /// Whether a description has all of some words, if that is known already.
    #[inline]
    fn known(&self, words: u8, def: u32) -> Option<bool> {
        if words == 0 {
            return Some(true);
        }
        if words & self.never != 0 {
            return Some(false);
        }
        let (known, has) = self.known[def as usize];
        match (known & !has & words, words & !known) {
            (0, 0) => Some(true),
            (0, _) => None,
            _ => Some(false),
        }
    }

    /// Whether a description has all of some words.
    fn have(&mut self, words: u8, def: u32) -> bool {
        if let Some(known) = self.known(words, def) {
            return known;
        }
        for place in 0..self.order.len() {
            let index = self.order[place];
            if words & 1 << index != 0 && !self.has(index, def) {
                // the word that is lacking most often is looked for first
                self.order.swap(place, place.saturating_sub(1));
                return false;
            }
        }
        true
    }

    fn have_any(&mut self, words: u8, def: u32) -> bool {
        (0..self.query.words.len()).any(|index| words & 1 << index != 0 && self.have(1 << index, def))
    }

    fn has(&mut self, index: usize, def: u32) -> bool {
        let (known, has) = self.known[def as usize];
        let bit = 1 << index;
        if known & bit != 0 {
            return has & bit != 0;
        }
        let text = self.texts.get(def);
        let both = self.query.words[index].text.as_ref().zip(text.description(self.schema));
        let is_in = both.is_some_and(|(needle, description)| needle.is_in(description, text.is_ascii));
        self.known[def as usize] = (known | bit, has | u8::from(is_in) << index);
        is_in
    }
}
