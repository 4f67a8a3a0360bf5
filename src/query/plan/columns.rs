//! Names of columns, and what `*` stands for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::ast::{Cast, Column, Expr, What};
use super::super::error::{Instead, QueryError};
use super::super::value::FieldType;

/// Fields and tags of all that is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) fields: &'a BTreeMap<String, FieldType>,
    /// Tags that are not grouped by.
    pub(crate) tags: &'a BTreeSet<String>,
}

/// The columns with every `*` written out.
pub(super) fn expanded(asked: &[Column], known: &Known<'_>) -> Result<Vec<Column>, QueryError> {
    let mut columns = Vec::new();
    for column in asked {
        match (&column.expr.what, innermost(&column.expr)) {
            (What::All(cast), _) => {
                let names = all(*cast, known).map(|(name, cast)| What::Name(name, cast));
                columns.extend(names.map(|what| plain(what, column)));
            }
            (What::Call(name, _), Some((function, false))) => {
                let base = column.alias.as_deref().unwrap_or(name);
                for (field, kind) in known.fields {
                    if *kind != FieldType::Boolean || (takes_booleans(function) && function == name)
                    {
                        let expr = replaced(&column.expr, field);
                        columns.push(Column { expr, alias: Some(format!("{base}_{field}")) });
                    }
                }
            }
            (_, Some((_, true))) => {
                let (what, place) = (column.expr.shown(), column.expr.place);
                return Err(QueryError::Refused { what, instead: Instead::FieldNames, place });
            }
            _ => columns.push(column.clone()),
        }
    }
    Ok(columns)
}

fn plain(what: What, column: &Column) -> Column {
    Column { expr: Expr { what, place: column.expr.place }, alias: None }
}

/// Fields and tags in one alphabet.
fn all(cast: Option<Cast>, known: &Known<'_>) -> impl Iterator<Item = (String, Option<Cast>)> {
    let mut names = BTreeMap::new();
    if cast != Some(Cast::Tag) {
        names.extend(known.fields.keys().map(|name| (name.clone(), Some(Cast::Field))));
    }
    if cast.is_none() || cast == Some(Cast::Tag) {
        for name in known.tags {
            names.entry(name.clone()).or_insert(Some(Cast::Tag));
        }
    }
    names.into_iter()
}

/// The function right around a `*`, and whether the `*` stands within arithmetic.
fn innermost(expr: &Expr) -> Option<(&str, bool)> {
    match &expr.what {
        What::Call(name, arguments) => {
            let first = arguments.first()?;
            match &first.what {
                What::All(_) => Some((name, false)),
                _ => innermost(first),
            }
        }
        What::Binary(_, sides) => {
            let found = innermost(&sides.0).or_else(|| innermost(&sides.1));
            found.map(|(name, _)| (name, true))
        }
        _ => None,
    }
}

fn takes_booleans(function: &str) -> bool {
    ["count", "first", "last", "min", "max", "mode", "distinct", "elapsed"].contains(&function)
}

/// The same call with a field's name for its `*`.
fn replaced(expr: &Expr, field: &str) -> Expr {
    let what = match &expr.what {
        What::All(_) => What::Name(field.to_owned(), Some(Cast::Field)),
        What::Call(name, arguments) => {
            let mut arguments = arguments.clone();
            if let Some(first) = arguments.first_mut() {
                *first = replaced(first, field);
            }
            What::Call(name.clone(), arguments)
        }
        other => other.clone(),
    };
    Expr { what, place: expr.place }
}

/// A column's name where it has no alias: the names in it, joined.
pub(super) fn name(expr: &Expr) -> String {
    match &expr.what {
        What::Name(name, _) | What::Call(name, _) => name.clone(),
        What::Binary(_, sides) => match (name(&sides.0), name(&sides.1)) {
            (left, right) if left.is_empty() => right,
            (left, right) if right.is_empty() => left,
            (left, right) => format!("{left}_{right}"),
        },
        _ => String::new(),
    }
}

/// Numbers names that come again: `mean`, `mean_1`.
pub(super) fn make_unique(names: &mut [String]) {
    let mut taken: HashMap<String, usize> = HashMap::from([("time".to_owned(), 1)]);
    for name in names {
        let Some(mut count) = taken.get(name.as_str()).copied() else {
            taken.insert(name.clone(), 1);
            continue;
        };
        let mut unique = format!("{name}_{count}");
        while taken.contains_key(&unique) {
            count += 1;
            unique = format!("{name}_{count}");
        }
        taken.insert(name.clone(), count + 1);
        taken.insert(unique.clone(), 1);
        *name = unique;
    }
}
