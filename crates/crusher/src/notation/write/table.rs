//! Makes a table of an array or a map: finds its columns, shape by shape, and plans them.

use crate::json::tape::{Doc, Kind};
use crate::notation::write::columns::{Columns, Lists, MISSING, signed};
use crate::notation::write::key_orders;
use crate::notation::write::plan::Plan;
use crate::notation::write::table_options::TableOptions;
use crate::notation::write::texts::Texts;

/// The cost, in bytes, of a section line that names a shape.
const SHAPE_LINE_BYTES: i64 = 4;

/// An array or map whose columns are found and planned. It can be written whole or in part.
#[derive(Debug)]
pub struct Table<'a> {
    pub(crate) map: bool,
    pub(crate) options: TableOptions,
    pub(crate) body: Body<'a>,
}

/// What the rows of a table are.
#[derive(Debug)]
pub(crate) enum Body<'a> {
    /// Each row is an object.
    Objects(Objects<'a>),
    /// Each row is an object of one of several shapes.
    Shapes(Shapes<'a>),
    /// Each row is an array of objects.
    Lists {
        lists: Lists<'a>,
        plan: Plan,
        rows: Vec<u32>,
    },
}

/// Objects with common columns.
#[derive(Debug)]
pub(crate) struct Objects<'a> {
    pub columns: Columns<'a>,
    pub plan: Plan,
    pub rows: Vec<u32>,
    /// The nodes of a map's keys; empty for an array.
    pub keys: Vec<u32>,
}

/// Objects of several shapes.
#[derive(Debug)]
pub(crate) struct Shapes<'a> {
    pub all: Vec<Objects<'a>>,
    pub places: Places,
    pub rows: Vec<u32>,
    pub keys: Vec<u32>,
}

/// For each row, its shape and its position among the rows of that shape; none for an irregular row.
type Places = Vec<Option<(usize, usize)>>;

/// Finds tables in one text.
#[derive(Clone, Copy)]
struct TableFinder<'a, 'd> {
    doc: &'d Doc<'a>,
    options: TableOptions,
}

impl<'a> Table<'a> {
    /// Makes a table of an array, or of an object as a map. `keep` holds the positions of the array's
    /// elements to use, ascending; without it, all are used. None if they make no table.
    #[must_use]
    pub(crate) fn find(
        doc: &Doc<'a>,
        index: u32,
        keep: Option<&[u32]>,
        options: TableOptions,
    ) -> Option<Self> {
        let map = doc.node(index).kind == Kind::Object;
        let (keys, mut rows): (Vec<u32>, Vec<u32>) = if map {
            doc.members(index).unzip()
        } else {
            (Vec::new(), doc.elements(index).collect())
        };
        if let Some(keep) = keep {
            rows = keep
                .iter()
                .filter_map(|at| rows.get(*at as usize).copied())
                .collect();
        }
        let finder = TableFinder { doc, options };
        let of_lists = !map && rows.first().is_some_and(|row| doc.node(*row).kind == Kind::Array);
        let body = if of_lists {
            let lists = Lists::find(doc, &rows, 0)?;
            let plan = Plan::simple(&lists.columns);
            Body::Lists { lists, plan, rows }
        } else {
            finder.body(rows, keys)?
        };
        Some(Self { map, options, body })
    }

    /// Returns the bytes of the arrays and objects that the table doesn't take apart.
    #[must_use]
    pub fn opaque_bytes(&self, doc: &Doc<'_>) -> usize {
        let bytes = |index: u32| {
            let node = doc.node(index);
            let is_opaque = index != MISSING && matches!(node.kind, Kind::Array | Kind::Object);
            if is_opaque {
                (node.end - node.start) as usize
            } else {
                0
            }
        };
        let of_columns = |columns: &Columns<'_>, rows: &[u32]| {
            let leaves = columns
                .leaves
                .iter()
                .filter(|leaf| leaf.list.is_none() && !leaf.constant);
            let cells: usize = leaves.flat_map(|leaf| &leaf.cells).map(|cell| bytes(*cell)).sum();
            let overrides = columns.groups.iter().flat_map(|group| &group.overrides);
            let overrides: usize = overrides.map(|(_, node)| bytes(*node)).sum();
            let irregular = columns.irregular.iter().zip(rows).filter(|(is, _)| **is);
            cells + overrides + irregular.map(|(_, row)| bytes(*row)).sum::<usize>()
        };
        match &self.body {
            Body::Objects(Objects { columns, rows, .. }) => of_columns(columns, rows),
            Body::Lists { lists, .. } => of_columns(&lists.columns, &lists.elements),
            Body::Shapes(Shapes {
                all, places, rows, ..
            }) => {
                let with = all.iter().map(|shape| of_columns(&shape.columns, &shape.rows));
                let without = places.iter().zip(rows).filter(|(place, _)| place.is_none());
                with.sum::<usize>() + without.map(|(_, row)| bytes(*row)).sum::<usize>()
            }
        }
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        match &self.body {
            Body::Objects(Objects { rows, .. })
            | Body::Shapes(Shapes { rows, .. })
            | Body::Lists { rows, .. } => rows.len(),
        }
    }
}

impl<'a> TableFinder<'a, '_> {
    /// Finds the columns of one shape or, where that saves more, of several.
    fn body(self, rows: Vec<u32>, keys: Vec<u32>) -> Option<Body<'a>> {
        let one = Columns::find(self.doc, &rows, self.options.max_columns);
        if one.as_ref().is_none_or(|columns| !columns.is_even()) {
            let saved = one.as_ref().map_or(0, |columns| columns.saved_bytes);
            if let Some((all, places)) = self.shapes(&rows, &keys, saved) {
                return Some(Body::Shapes(Shapes {
                    all,
                    places,
                    rows,
                    keys,
                }));
            }
        }
        Some(Body::Objects(self.planned(one?, rows, keys, true)))
    }

    /// Plans columns that were found; `sections` allows section columns.
    fn planned(self, columns: Columns<'a>, rows: Vec<u32>, keys: Vec<u32>, sections: bool) -> Objects<'a> {
        let texts = Texts {
            doc: self.doc,
            columns: &columns,
            keys: &keys,
            options: self.options,
        };
        let plan = Plan::new(&texts, sections);
        Objects {
            columns,
            plan,
            rows,
            keys,
        }
    }

    /// Splits the rows into shapes, if that clearly saves more than `saved` bytes.
    fn shapes(self, rows: &[u32], keys: &[u32], saved: i64) -> Option<(Vec<Objects<'a>>, Places)> {
        let mut places = vec![None; rows.len()];
        let mut found = Vec::new();
        for group in key_orders::split(self.doc, rows)? {
            let of = |all: &[u32]| group.iter().filter_map(|row| all.get(*row).copied()).collect();
            let (group_rows, group_keys): (Vec<u32>, Vec<u32>) = (of(rows), of(keys));
            let Some(columns) = Columns::find(self.doc, &group_rows, self.options.max_columns) else {
                continue;
            };
            for (place, row) in group.iter().enumerate() {
                if let Some(entry) = places.get_mut(*row) {
                    *entry = Some((found.len(), place));
                }
            }
            found.push((columns, group_rows, group_keys));
        }
        let shape = |place: &Option<(usize, usize)>| place.map(|(shape, _)| shape);
        let changes = places
            .windows(2)
            .filter(|pair| pair.first().map(shape) != pair.last().map(shape));
        let lines = SHAPE_LINE_BYTES * signed(changes.count() + 1);
        let saved_by_shapes: i64 = found.iter().map(|(columns, ..)| columns.saved_bytes).sum();
        if found.len() < 2 || saved_by_shapes - lines <= saved + saved / 8 {
            return None;
        }
        let planned = |(columns, rows, keys)| self.planned(columns, rows, keys, false);
        Some((found.into_iter().map(planned).collect(), places))
    }
}
