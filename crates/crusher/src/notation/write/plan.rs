//! Plans a table: decides which values stand in its header, on section lines, or in cells.

use crate::json::tape::Doc;
use crate::notation::write::columns::{Column, Columns, MISSING, signed};
use crate::notation::write::find_templates::find;
use crate::notation::write::template::Template;
use crate::notation::write::texts::Texts;

/// The most pairs of neighbouring rows that are compared before all rows are.
const SAMPLED_ROWS: usize = 16;
/// A section must have this many rows on average to be worth its line.
const SECTION_ROWS: usize = 3;

/// Where the values of a column stand.
#[derive(Debug)]
pub(crate) enum ColumnPlan {
    /// Once, in the header.
    Constant,
    /// On a section line wherever it changes.
    Section,
    /// In the cells, which fill the holes of a template in the header.
    Template(Template),
    /// In the cells, as a list of rows.
    List(Plan),
    /// In the cells.
    Value,
}

/// The plan of a table.
#[derive(Debug)]
pub(crate) struct Plan {
    pub column_plans: Vec<ColumnPlan>,
    /// For each leaf column, the groups in which it is the first column with cells, outermost first. Each has
    /// the number of levels between the column and the group.
    pub opens: Vec<Vec<(usize, usize)>>,
}

impl Plan {
    /// Plans a table; `sections` allows section columns.
    pub fn new(texts: &Texts<'_, '_>, sections: bool) -> Self {
        let columns = texts.columns;
        let mut column_plans: Vec<ColumnPlan> = columns.leaves.iter().map(plain).collect();
        let found = if sections {
            self::sections(texts.doc, columns)
        } else {
            Vec::new()
        };
        for at in found {
            if let Some(column_plan) = column_plans.get_mut(at) {
                *column_plan = ColumnPlan::Section;
            }
        }
        let in_cells: Vec<bool> = column_plans
            .iter()
            .map(|column_plan| matches!(column_plan, ColumnPlan::Value))
            .collect();
        for (column_plan, template) in column_plans.iter_mut().zip(find(texts, &in_cells)) {
            if let Some(template) = template {
                *column_plan = ColumnPlan::Template(template);
            }
        }
        Self::with(columns, column_plans)
    }

    /// Plans the rows in a cell, which have neither sections nor templates.
    pub fn simple(columns: &Columns<'_>) -> Self {
        Self::with(columns, columns.leaves.iter().map(plain).collect())
    }

    /// Completes a plan by the groups that each column opens.
    fn with(columns: &Columns<'_>, column_plans: Vec<ColumnPlan>) -> Self {
        let mut seen = vec![false; columns.groups.len()];
        let mut opens = Vec::with_capacity(column_plans.len());
        for (leaf, column_plan) in columns.leaves.iter().zip(&column_plans) {
            let mut opened = Vec::new();
            if column_plan.cells() > 0 {
                let (mut group, mut distance) = (leaf.group, 1);
                while let Some(index) = group {
                    match seen.get_mut(index) {
                        Some(seen) if !*seen => *seen = true,
                        _ => break,
                    }
                    opened.push((index, distance));
                    distance += 1;
                    group = columns.groups.get(index).and_then(|group| group.parent);
                }
                opened.reverse();
            }
            opens.push(opened);
        }
        Self { column_plans, opens }
    }
}

impl ColumnPlan {
    /// Returns how many cells a row has for the column.
    pub fn cells(&self) -> usize {
        match self {
            Self::Constant | Self::Section => 0,
            Self::Template(template) => template.holes(),
            Self::List(_) | Self::Value => 1,
        }
    }
}

/// Plans a column without sections and templates.
fn plain(column: &Column<'_>) -> ColumnPlan {
    match &column.list {
        _ if column.constant => ColumnPlan::Constant,
        Some(list) => ColumnPlan::List(Plan::simple(&list.columns)),
        None => ColumnPlan::Value,
    }
}

/// Chooses the section columns. Together they change so rarely that a line for each change costs less than
/// their cells.
fn sections(doc: &Doc<'_>, columns: &Columns<'_>) -> Vec<usize> {
    let rows = columns.irregular.len();
    let mut candidates: Vec<(Vec<u32>, usize, usize)> = Vec::new();
    for (at, column) in columns.leaves.iter().enumerate() {
        if rows >= 2 * SECTION_ROWS && !column.constant && stays(doc, column) {
            candidates.extend(changes(doc, columns, column).map(|(rows, bytes)| (rows, at, bytes)));
        }
    }
    candidates.sort_by_key(|(changed, at, _)| (changed.len(), *at));
    // A section line holds the values of all section columns. So each column that changes often makes the
    // others stand there often, too.
    let (mut chosen, mut saved): (Vec<usize>, i64) = (Vec::new(), 0);
    let (mut lines, mut bytes): (Vec<u32>, usize) = (Vec::new(), 0);
    for (changed, at, column_bytes) in candidates {
        let mut all = lines.clone();
        all.extend(&changed);
        all.sort_unstable();
        all.dedup();
        let bytes_of_all = bytes + column_bytes;
        let on_lines = bytes_of_all * all.len() / rows + 2 * all.len();
        let now = signed(bytes_of_all) - signed(on_lines);
        if now > saved && all.len() * SECTION_ROWS <= rows {
            (saved, lines, bytes) = (now, all, bytes_of_all);
            chosen.push(at);
        }
    }
    chosen
}

/// Returns true if neighbouring rows of a column are often equal.
fn stays(doc: &Doc<'_>, column: &Column<'_>) -> bool {
    let pairs = column.cells.len().saturating_sub(1);
    let sampled = pairs.min(SAMPLED_ROWS);
    let equal = (0..sampled).filter(|at| {
        let row = at * pairs / sampled;
        match column.cells.get(row..row + 2) {
            Some([one, other]) if *one != MISSING && *other != MISSING => {
                doc.raw(doc.node(*one)) == doc.raw(doc.node(*other))
            }
            _ => false,
        }
    });
    equal.count() * 2 >= sampled
}

/// Returns the regular rows at which a column's value changes, the first row included, and the bytes of all
/// its cells with their commas. None if some regular row has no value.
fn changes(doc: &Doc<'_>, columns: &Columns<'_>, column: &Column<'_>) -> Option<(Vec<u32>, usize)> {
    let (mut changed, mut bytes) = (Vec::new(), 0);
    let mut last: Option<&[u8]> = None;
    for (row, (cell, irregular)) in column.cells.iter().zip(&columns.irregular).enumerate() {
        if *irregular {
            continue;
        }
        if *cell == MISSING {
            return None;
        }
        let raw = doc.raw(doc.node(*cell));
        bytes += raw.len() + 1;
        if last != Some(raw) {
            changed.push(row as u32);
            last = Some(raw);
        }
    }
    Some((changed, bytes))
}
