//! Rules for paths, looked up by path instead of one after the other.

use std::collections::{HashMap, HashSet};

/// Rules by the path they are written for, in a tree of path segments: the cost of a look-up
/// depends on the length of the path, not on the number of rules.
#[derive(Debug)]
pub(crate) struct PathTree<T> {
    /// Node 0 is the root. Nodes name each other by index, because a recursive type would
    /// overflow the stack when it drops a rule of very many segments.
    nodes: Vec<Node<T>>,
}

#[derive(Debug)]
struct Node<T> {
    rule: Option<T>,
    children: HashMap<Box<str>, usize>,
}

impl<T> PathTree<T> {
    /// A tree without rules.
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::new()],
        }
    }

    /// The place of the rule for `path`.
    pub(crate) fn entry(&mut self, path: &str) -> &mut Option<T> {
        let mut current = 0;
        for segment in path.split('/') {
            let next = self.nodes.len();
            current = *self.nodes[current]
                .children
                .entry(segment.into())
                .or_insert(next);
            if current == next {
                self.nodes.push(Node::new());
            }
        }
        &mut self.nodes[current].rule
    }

    /// The rules for `path` and for the paths above it, by segments and from the top, each with
    /// the length in bytes of the path it is written for. The path is used as it is: nothing is
    /// decoded or normalised.
    pub(crate) fn along<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (usize, &'a T)> {
        let mut length = 0;
        path.split('/')
            .scan(0, |current, segment| {
                *current = *self.nodes[*current].children.get(segment)?;
                Some((*current, segment.len()))
            })
            .filter_map(move |(node, segment)| {
                let end = length + segment;
                length = end + 1;
                self.nodes[node].rule.as_ref().map(|rule| (end, rule))
            })
    }

    /// The rules for the paths that match `template`, and for the paths above them, each with the
    /// number of bytes of the template that it spells out.
    ///
    /// `{}` stands for one segment that is not empty, `{:path}` for one or more of any kind, and
    /// every other segment for itself.
    pub(crate) fn matching<'a>(&'a self, template: &str) -> Vec<(usize, &'a T)> {
        let mut found = Vec::new();
        let mut places = vec![0];
        let mut end = 0;
        for segment in template.split('/') {
            end += segment.len();
            let whole = end == template.len();
            let next = match segment {
                "{}" => self.children(&places, |name| !name.is_empty()),
                "{:path}" => self.all_below(&places),
                _ => self.children(&places, |name| name == segment),
            };
            places.clear();
            for (name, place) in next {
                places.push(place);
                // A rule that ends in a slash covers one path, with nothing below it.
                let rule = self.nodes[place].rule.as_ref();
                let rule = rule.filter(|_| segment != "{:path}" || whole || !name.is_empty());
                found.extend(rule.map(|rule| (end, rule)));
            }
            end += 1;
        }
        found
    }

    fn children(&self, places: &[usize], is_wanted: impl Fn(&str) -> bool) -> Vec<(&str, usize)> {
        let children = places.iter().flat_map(|place| &self.nodes[*place].children);
        let wanted = children.filter(|(name, _)| is_wanted(name));
        wanted.map(|(name, child)| (&**name, *child)).collect()
    }

    /// Each place below some others, once even if they are below each other.
    fn all_below(&self, places: &[usize]) -> Vec<(&str, usize)> {
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        let mut open = places.to_vec();
        while let Some(place) = open.pop() {
            let below = self.children(&[place], |_| true);
            let below = below.into_iter().filter(|(_, child)| seen.insert(*child));
            let before = all.len();
            all.extend(below);
            open.extend(all[before..].iter().map(|(_, child)| *child));
        }
        all
    }
}

impl<T> Node<T> {
    fn new() -> Self {
        Self {
            rule: None,
            children: HashMap::new(),
        }
    }
}
