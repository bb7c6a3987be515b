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
    /// The child for [`Segment::Any`].
    any: Option<usize>,
}

/// How the child for [`Segment::Any`] is named among others. No word of a rule is this text.
const ANY: &str = "{}";

/// A segment of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// This very text.
    Is(&'a str),
    /// Any one segment that no server reads as something else.
    Any,
}

impl<T> PathTree<T> {
    /// A tree without rules.
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::new()],
        }
    }

    /// The place of the rule for `path`, which is used as it is.
    pub(crate) fn entry(&mut self, path: &str) -> &mut Option<T> {
        self.entry_of(path.split('/').map(Segment::Is))
    }

    /// The place of the rule for the paths of these segments.
    pub(crate) fn entry_of<'a>(
        &mut self,
        segments: impl Iterator<Item = Segment<'a>>,
    ) -> &mut Option<T> {
        let mut current = 0;
        for segment in segments {
            let next = self.nodes.len();
            let node = &mut self.nodes[current];
            current = match segment {
                Segment::Is(text) => *node.children.entry(text.into()).or_insert(next),
                Segment::Any => *node.any.get_or_insert(next),
            };
            if current == next {
                self.nodes.push(Node::new());
            }
        }
        &mut self.nodes[current].rule
    }

    /// The rules for `path` and for the paths above it, by segments, each with the length in bytes
    /// of the path it is written for. The path is used as it is: nothing is decoded or normalised.
    pub(crate) fn along<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (usize, &'a T)> {
        // The nodes still to visit: how much of the path each consumes, and where the next segment
        // begins. Each node has one parent, so none is visited twice.
        let mut open = vec![(0, 0, Some(0))];
        std::iter::from_fn(move || {
            while let Some((node, consumed, next)) = open.pop() {
                let node = &self.nodes[node];
                if let Some(start) = next {
                    let segment = path[start..].split('/').next().unwrap_or_default();
                    let end = start + segment.len();
                    let behind = (end < path.len()).then_some(end + 1);
                    let any = node.any.filter(|_| stands_for_itself(segment));
                    let named = node.children.get(segment).copied();
                    open.extend(
                        named
                            .into_iter()
                            .chain(any)
                            .map(|child| (child, end, behind)),
                    );
                }
                if let Some(rule) = &node.rule {
                    return Some((consumed, rule));
                }
            }
            None
        })
    }

    /// The rules for the paths that match `template`, and for the paths above them, each with the
    /// number of bytes of the template that it spells out, and whether none of its words stands in
    /// the place of a parameter.
    ///
    /// `{}` stands for one segment that is not empty, `{:path}` for one or more of any kind, and
    /// every other segment for itself.
    pub(crate) fn matching<'a>(&'a self, template: &str) -> Vec<(usize, bool, &'a T)> {
        let mut found = Vec::new();
        let mut places = vec![(0, true)];
        let mut end = 0;
        for segment in template.split('/') {
            end += segment.len();
            let whole = end == template.len();
            let next = match segment {
                "{}" => self.children(&places, |name| !name.is_empty(), true),
                "{:path}" => self.all_below(&places),
                _ => self.children(&places, |name| name == segment, stands_for_itself(segment)),
            };
            places.clear();
            let is_parameter = segment.starts_with('{');
            for (name, place, before) in next {
                let is_own = before && (!is_parameter || name == ANY);
                places.push((place, is_own));
                // A rule that ends in a slash covers one path, with nothing below it.
                let rule = self.nodes[place].rule.as_ref();
                let rule = rule.filter(|_| segment != "{:path}" || whole || !name.is_empty());
                found.extend(rule.map(|rule| (end, is_own, rule)));
            }
            end += 1;
        }
        found
    }

    /// The children of some places, each with what is known of its parent: those with a wanted name
    /// and, if `any`, those for any segment.
    fn children(
        &self,
        places: &[(usize, bool)],
        is_wanted: impl Fn(&str) -> bool,
        any: bool,
    ) -> Vec<(&str, usize, bool)> {
        let mut found = Vec::new();
        for (place, known) in places {
            let node = &self.nodes[*place];
            let wanted = node.children.iter().filter(|(name, _)| is_wanted(name));
            found.extend(wanted.map(|(name, child)| (&**name, *child, *known)));
            found.extend(node.any.filter(|_| any).map(|child| (ANY, child, *known)));
        }
        found
    }

    /// Each place below some others, once even if they are below each other.
    fn all_below(&self, places: &[(usize, bool)]) -> Vec<(&str, usize, bool)> {
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        let mut open = places.to_vec();
        while let Some(place) = open.pop() {
            let below = self.children(&[place], |_| true, true);
            let below = below.into_iter();
            let below = below.filter(|(_, child, _)| seen.insert(*child));
            let before = all.len();
            all.extend(below);
            let added = all[before..].iter();
            open.extend(added.map(|(_, child, known)| (*child, *known)));
        }
        all
    }
}

impl<T> Node<T> {
    fn new() -> Self {
        Self {
            rule: None,
            children: HashMap::new(),
            any: None,
        }
    }
}

/// Whether no server reads a segment of a decoded path as something else, or as several.
pub(crate) fn stands_for_itself(segment: &str) -> bool {
    !segment.is_empty() && !leads_elsewhere(segment) && !segment.contains(is_read_again)
}

/// Whether a segment leads to another place in the path. Java's servers drop what follows a `;` in
/// a segment (RFC 3986, 3.3).
pub(crate) fn leads_elsewhere(segment: &str) -> bool {
    matches!(segment.split(';').next(), Some("." | ".."))
}

/// Whether a character of a decoded path may make another server read a different path: decoding
/// once more acts on `%`, some take a backslash for a slash (WHATWG URL, 4.4), and some drop
/// control characters or end the path at them.
pub(crate) fn is_read_again(character: char) -> bool {
    matches!(character, '%' | '\\') || character.is_control()
}
