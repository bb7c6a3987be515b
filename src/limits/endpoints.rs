use std::collections::HashSet;
use std::fmt;

use super::{Misread, Presets, entries};
use crate::path_tree::{PathTree, Segment, is_read_again, leads_elsewhere};

const EXPECTED: &str = "`[METHOD[|METHOD...] ]/path` or `*`, such as `GET|POST /api/v1/users`";
const UPPER_CASE: &str = "methods in upper case, such as `GET|POST /api/v1/users`";
const WILDCARD: &str = "a path without `*`, such as `/api/v1/users`, which covers everything below it; only `*` alone covers all paths";
const TEMPLATE: &str = "a path in which `{name}` is a whole segment, such as `/api/v1/chats/{id}`; a path covers everything below it, so it needs no `{name:path}`";
const PRESET: &str = "a preset, such as `@status`: `owui-keygate policy presets` lists them";
const PATH_ALONE: &str = "a path without `?` or `#`, such as `/api/v1/users`";

/// Endpoints: paths, each with its methods.
#[derive(Debug)]
pub struct Endpoints {
    everywhere: Methods,
    paths: PathTree<Rule>,
    /// The entries as they are written, to say which of them covers a request.
    written: Vec<Written>,
}

/// An entry of a list, or one endpoint of those that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The endpoint.
    pub endpoint: Box<str>,
    /// The preset that holds it, as it is written; `None` for an entry that is no preset.
    pub preset: Option<Box<str>>,
}

impl fmt::Display for Written {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.preset {
            None => formatter.write_str(&self.endpoint),
            Some(preset) => write!(formatter, "{preset} ({})", self.endpoint),
        }
    }
}

/// The methods of a path.
#[derive(Debug, Default)]
struct Rule {
    /// For the path and everything below it.
    below: Methods,
    /// For the path alone.
    exact: Methods,
    /// The same by a preset, whose paths are those of routes.
    exact_by_preset: Methods,
}

#[derive(Debug, Default)]
struct Methods {
    any: bool,
    named: HashSet<Box<str>>,
}

struct Endpoint<'a> {
    /// `None` for any method.
    methods: Option<Vec<&'a str>>,
    /// `None` for every path.
    path: Option<&'a str>,
    /// Whether the path ends in `$`, so that it covers nothing below it.
    exact: bool,
}

impl Endpoints {
    /// Reads a comma-separated list of endpoints.
    ///
    /// # Errors
    ///
    /// An entry is not an endpoint.
    pub fn parse(text: &str) -> Result<Self, Misread> {
        Self::of(text.split(','))
    }

    /// Reads the entries of a list of endpoints.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn of<'a>(list: impl Iterator<Item = &'a str>) -> Result<Self, Misread> {
        let mut endpoints = Self {
            everywhere: Methods::default(),
            paths: PathTree::new(),
            written: Vec::new(),
        };
        endpoints.extend(list, None)?;
        Ok(endpoints)
    }

    /// Reads the entries of a list of endpoints, of which `@name` stands for a preset.
    ///
    /// # Errors
    ///
    /// An entry is not an endpoint, or names no preset.
    pub fn with_presets(list: &[&str], presets: &Presets) -> Result<Self, Misread> {
        let mut endpoints = Self::of(std::iter::empty())?;
        for (entry, place) in list.iter().zip(1..) {
            let misread = |expected| Misread {
                entry: Some(place),
                expected,
            };
            let entry = entry.trim();
            match entry.strip_prefix('@') {
                None => endpoints.extend(std::iter::once(entry), None),
                Some(name) => {
                    let preset = presets.get(name).ok_or(misread(PRESET))?;
                    endpoints.extend(preset.iter().map(String::as_str), Some(entry))
                }
            }
            .map_err(|error| misread(error.expected))?;
        }
        Ok(endpoints)
    }

    /// Whether an endpoint of the list covers a request.
    ///
    /// A path covers itself and everything below it, by segments, except what another server may
    /// read as a different path: if the request has `//`, `/./`, `/../`, `/..;x/`, `%`, a backslash
    /// or a control character in it, the endpoint must spell out that part. `{name}` stands for
    /// exactly one segment without any of these. A path with `$` at its end covers itself alone.
    /// Only `*` alone covers every path, however it may be read.
    #[must_use]
    pub fn cover(&self, method: &str, path: &str) -> bool {
        let written = must_be_written(path);
        self.everywhere.include(method)
            || self
                .paths
                .along(path)
                .filter(|(length, _)| *length >= written)
                .any(|(length, rule)| {
                    let is_whole = length == path.len();
                    let exact = [&rule.exact, &rule.exact_by_preset];
                    rule.below.include(method)
                        || is_whole && exact.iter().any(|methods| methods.include(method))
                })
    }

    /// The first entry that covers a request by itself, if any does.
    ///
    /// This is for people, and not fast: the entries are read anew, one after the other.
    #[must_use]
    pub fn covering(&self, method: &str, path: &str) -> Option<&Written> {
        self.written.iter().find(|written| {
            Self::of(std::iter::once(&*written.endpoint))
                .is_ok_and(|alone| alone.cover(method, path))
        })
    }

    /// Whether the list lets a client reach a route: whether it covers, with the route's method,
    /// some path that matches the route's template.
    ///
    /// `method` is `None` for a route that answers to every method. In the template, `{}` stands
    /// for one segment and `{:path}` for any number of them. A preset is made of the paths of routes:
    /// a word in one is that of another route, and no parameter of this one.
    #[must_use]
    pub fn reach(&self, method: Option<&str>, template: &str) -> bool {
        let written = must_be_written(template);
        self.everywhere.serve(method)
            || self
                .paths
                .matching(template)
                .iter()
                .filter(|(length, ..)| *length >= written)
                .any(|(length, is_own, rule)| {
                    let is_whole = *length == template.len();
                    rule.below.serve(method)
                        || is_whole && rule.exact.serve(method)
                        || is_whole && *is_own && rule.exact_by_preset.serve(method)
                })
    }

    /// Adds endpoints, which an entry stands for if they are of a preset.
    fn extend<'a>(
        &mut self,
        list: impl Iterator<Item = &'a str>,
        preset: Option<&str>,
    ) -> Result<(), Misread> {
        for (text, endpoint) in entries(list, |text| Ok((text, read(text)?)))? {
            self.add(&endpoint, preset.is_some());
            self.written.push(Written {
                endpoint: text.into(),
                preset: preset.map(Box::from),
            });
        }
        Ok(())
    }

    fn add(&mut self, endpoint: &Endpoint<'_>, is_of_preset: bool) {
        let place = match endpoint.path {
            None => &mut self.everywhere,
            Some(path) => {
                let rule = self.paths.entry_of(segments(path)).get_or_insert_default();
                match (endpoint.exact, is_of_preset) {
                    (false, _) => &mut rule.below,
                    (true, false) => &mut rule.exact,
                    (true, true) => &mut rule.exact_by_preset,
                }
            }
        };
        match &endpoint.methods {
            None => place.any = true,
            Some(methods) => place
                .named
                .extend(methods.iter().map(|method| Box::from(*method))),
        }
    }
}

impl Methods {
    /// Whether an included request reaches a route with this method, or with any if it is `None`.
    fn serve(&self, method: Option<&str>) -> bool {
        method.map_or(self.any || !self.named.is_empty(), |method| {
            self.include(method)
        })
    }

    fn include(&self, method: &str) -> bool {
        self.any || self.named.contains(method) || method == "HEAD" && self.named.contains("GET")
    }
}

fn read(entry: &str) -> Result<Endpoint<'_>, &'static str> {
    let words: Vec<&str> = entry.split_whitespace().collect();
    let (methods, path) = match words[..] {
        [path] => (None, path),
        [methods, path] => (Some(read_methods(methods)?), path),
        _ => return Err(EXPECTED),
    };
    if path == "*" {
        return Ok(Endpoint {
            methods,
            path: None,
            exact: false,
        });
    }
    let exact = path.ends_with('$');
    let path = path.strip_suffix('$').unwrap_or(path);
    if !path.starts_with('/') {
        return Err(EXPECTED);
    }
    if path.contains('*') {
        return Err(WILDCARD);
    }
    if path.contains(['?', '#']) {
        return Err(PATH_ALONE);
    }
    if !segments(path).all(is_understood) {
        return Err(TEMPLATE);
    }
    Ok(Endpoint {
        methods,
        path: Some(path),
        exact,
    })
}

fn segments(path: &str) -> impl Iterator<Item = Segment<'_>> {
    path.split('/').map(|segment| {
        let name = segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        if name.is_some_and(is_name) {
            Segment::Any
        } else {
            Segment::Is(segment)
        }
    })
}

fn is_understood(segment: Segment<'_>) -> bool {
    match segment {
        Segment::Any => true,
        Segment::Is(text) => !text.contains(['{', '}']),
    }
}

/// Whether a text is the name of a parameter, as Starlette has them.
fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    text.bytes().next().is_some_and(is_letter)
        && text
            .bytes()
            .all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

fn read_methods(text: &str) -> Result<Vec<&str>, &'static str> {
    text.split('|')
        .map(|method| {
            if method.is_empty() || !method.bytes().all(is_token) {
                Err(EXPECTED)
            } else if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
                Err(UPPER_CASE)
            } else {
                Ok(method)
            }
        })
        .collect()
}

/// Whether a byte may occur in a token. Every method is a token (RFC 9110, 5.6.2 and 9.1).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`~".contains(&byte)
}

/// How many bytes of a path an endpoint must spell out so that no server reads the rest as another
/// path.
fn must_be_written(path: &str) -> usize {
    let mut start = 0;
    let mut written = 0;
    for segment in path.split('/') {
        let end = start + segment.len();
        if leads_elsewhere(segment) || segment.contains(is_read_again) {
            written = end;
        } else if segment.is_empty() && end < path.len() {
            // An endpoint may end in this very slash; then the next slash belongs to the rest.
            written = end + 1;
        }
        start = end + 1;
    }
    written
}
