//! The figures of a plane (PostgreSQL manual, "Geometric Types"): point `(x,y)`, line `{A,B,C}`, lseg
//! `[(x,y),(x,y)]`, box `(x,y),(x,y)`, path `((x,y),...)` or, open, `[(x,y),...]`, polygon `((x,y),...)`, circle
//! `<(x,y),r>`. In binary their float8s, and before those of a path or polygon how many points there are.

use bytes::{BufMut, BytesMut};

use crate::error::Error;

use super::nested::{Place, Reader};
use super::scan::Scan;
use super::value::{
    Arena, DBAPI_SHAPE_BOX, DBAPI_SHAPE_CIRCLE, DBAPI_SHAPE_LINE, DBAPI_SHAPE_LSEG,
    DBAPI_SHAPE_PATH, DBAPI_SHAPE_POLYGON, Geometry, Point, Value,
};
use super::view::View;
use super::{float, malformed, oid};

/// A figure before its points have gone to the arena.
#[derive(Default)]
struct Figure {
    closed: bool,
    points: Vec<Point>,
    numbers: [f64; 3],
}

/// The shape that a type's values have.
fn shape(oid: u32) -> i32 {
    match oid {
        oid::LINE => DBAPI_SHAPE_LINE,
        oid::LSEG => DBAPI_SHAPE_LSEG,
        oid::BOX => DBAPI_SHAPE_BOX,
        oid::PATH => DBAPI_SHAPE_PATH,
        oid::POLYGON => DBAPI_SHAPE_POLYGON,
        _ => DBAPI_SHAPE_CIRCLE,
    }
}

/// The type of a figure; 0 if its shape is none.
pub(super) fn type_of(geometry: View<'_, Geometry>) -> u32 {
    match geometry.figure().shape {
        DBAPI_SHAPE_LINE => oid::LINE,
        DBAPI_SHAPE_LSEG => oid::LSEG,
        DBAPI_SHAPE_BOX => oid::BOX,
        DBAPI_SHAPE_PATH => oid::PATH,
        DBAPI_SHAPE_POLYGON => oid::POLYGON,
        DBAPI_SHAPE_CIRCLE => oid::CIRCLE,
        _ => 0,
    }
}

fn keep(oid: u32, figure: &Figure, arena: &mut Arena) -> Result<Value, Error> {
    let points = arena.keep(&figure.points)?;
    let geometry = Geometry {
        shape: shape(oid),
        closed: i32::from(figure.closed),
        count: figure.points.len(),
        points,
        numbers: figure.numbers,
    };
    let geometry = arena.keep(&[geometry])?;
    Ok(Value::geometry(oid, geometry))
}

#[cold]
fn wrong() -> Error {
    malformed("geometric value", "not in the form that the server writes")
}

/// The text of a point. `None`: one of its numbers was rounded (extra_float_digits) beyond what a double holds.
pub(super) fn point_from_text(cell: &[u8]) -> Result<Option<Point>, Error> {
    let mut scan = Scan(cell);
    let point = point(&mut scan)?;
    match scan.at_end() {
        true => Ok(point),
        false => Err(wrong()),
    }
}

/// The text of the others; `None` as above.
pub(super) fn from_text(oid: u32, cell: &[u8], arena: &mut Arena) -> Result<Option<Value>, Error> {
    let mut scan = Scan(cell);
    let figure = figure(oid, &mut scan)?;
    if !scan.at_end() {
        return Err(wrong());
    }
    figure.map(|figure| keep(oid, &figure, arena)).transpose()
}

fn figure(oid: u32, scan: &mut Scan<'_>) -> Result<Option<Figure>, Error> {
    let mut figure = Figure::default();
    match oid {
        oid::LINE => {
            expect(scan, b'{')?;
            let [a, b, c] = [
                number(scan, b",")?,
                number(scan, b",")?,
                number(scan, b"}")?,
            ];
            let (Some(a), Some(b), Some(c)) = (a, b, c) else {
                return Ok(None);
            };
            figure.numbers = [a, b, c];
        }
        oid::CIRCLE => {
            expect(scan, b'<')?;
            let centre = point(scan)?;
            expect(scan, b',')?;
            let (Some(centre), Some(radius)) = (centre, number(scan, b">")?) else {
                return Ok(None);
            };
            figure.points.push(centre);
            figure.numbers = [radius, 0.0, 0.0];
        }
        _ => {
            let open = match oid {
                oid::LSEG => Some(true),
                oid::PATH => Some(scan.0.first() == Some(&b'[')),
                oid::POLYGON => Some(false),
                // A box has nothing around it.
                _ => None,
            };
            if let Some(open) = open {
                expect(scan, if open { b'[' } else { b'(' })?;
            }
            let Some(points) = points(scan)? else {
                return Ok(None);
            };
            if let Some(open) = open {
                expect(scan, if open { b']' } else { b')' })?;
            }
            figure.closed = oid == oid::PATH && open == Some(false);
            figure.points = points;
        }
    }
    match oid {
        oid::LSEG | oid::BOX if figure.points.len() != 2 => Err(wrong()),
        _ => Ok(Some(figure)),
    }
}

fn expect(scan: &mut Scan<'_>, byte: u8) -> Result<(), Error> {
    match scan.eat(byte) {
        true => Ok(()),
        false => Err(wrong()),
    }
}

/// Points with commas between them.
fn points(scan: &mut Scan<'_>) -> Result<Option<Vec<Point>>, Error> {
    let mut points = Vec::new();
    loop {
        let Some(point) = point(scan)? else {
            return Ok(None);
        };
        points.try_reserve(1).map_err(|_| out_of_memory())?;
        points.push(point);
        if !scan.eat(b',') {
            return Ok(Some(points));
        }
    }
}

fn out_of_memory() -> Error {
    Error::out_of_memory("decoding a geometric value")
}

fn point(scan: &mut Scan<'_>) -> Result<Option<Point>, Error> {
    expect(scan, b'(')?;
    let (x, y) = (number(scan, b",")?, number(scan, b")")?);
    Ok(x.zip(y).map(|(x, y)| Point { x, y }))
}

/// A number, and what must stand behind it.
fn number(scan: &mut Scan<'_>, end: &[u8]) -> Result<Option<f64>, Error> {
    let is_end = |byte: &u8| matches!(byte, b',' | b')' | b'}' | b'>');
    let length = scan.0.iter().position(is_end).ok_or_else(wrong)?;
    let (digits, rest) = scan.0.split_at_checked(length).ok_or_else(wrong)?;
    let number = float::float8_from_text(digits)?;
    scan.0 = rest;
    match scan.eat_word(end) {
        true => Ok(number),
        false => Err(wrong()),
    }
}

/// The binary form of a point.
pub(super) fn point_from_binary(cell: &[u8]) -> Result<Point, Error> {
    let mut reader = Reader::new("point", cell, Place::Passing);
    let point = binary_point(&mut reader)?;
    reader.end()?;
    Ok(point)
}

fn binary_point(reader: &mut Reader<'_>) -> Result<Point, Error> {
    Ok(Point {
        x: reader.float8()?,
        y: reader.float8()?,
    })
}

/// The binary form of the others.
pub(super) fn from_binary(oid: u32, cell: &[u8], arena: &mut Arena) -> Result<Value, Error> {
    let mut reader = Reader::new("geometric value", cell, Place::Passing);
    let mut figure = Figure::default();
    let count = match oid {
        oid::LINE => 0,
        oid::CIRCLE => 1,
        oid::LSEG | oid::BOX => 2,
        _ => {
            if oid == oid::PATH {
                figure.closed = match reader.fixed()? {
                    [0] => false,
                    [1] => true,
                    [_] => return Err(reader.malformed("neither open nor closed")),
                };
            }
            let count = reader.count(size_of::<Point>())?;
            if count == 0 {
                return Err(reader.malformed("without points"));
            }
            count
        }
    };
    figure
        .points
        .try_reserve_exact(count)
        .map_err(|_| out_of_memory())?;
    for _ in 0..count {
        figure.points.push(binary_point(&mut reader)?);
    }
    match oid {
        oid::LINE => figure.numbers = [reader.float8()?, reader.float8()?, reader.float8()?],
        oid::CIRCLE => figure.numbers = [reader.float8()?, 0.0, 0.0],
        _ => {}
    }
    reader.end()?;
    keep(oid, &figure, arena)
}

/// Appends the text of a point.
pub(super) fn format_point(point: Point, out: &mut String) {
    out.push('(');
    float::format_float8(point.x, out);
    out.push(',');
    float::format_float8(point.y, out);
    out.push(')');
}

/// The figure and its points, if its shape allows them.
fn checked<'a>(geometry: View<'a, Geometry>) -> Result<(&'a Geometry, &'a [Point]), Error> {
    let figure = geometry.figure();
    let points = geometry.points()?;
    let count = points.len();
    let fits = match figure.shape {
        DBAPI_SHAPE_LINE => count == 0,
        DBAPI_SHAPE_CIRCLE => count == 1,
        DBAPI_SHAPE_LSEG | DBAPI_SHAPE_BOX => count == 2,
        DBAPI_SHAPE_PATH | DBAPI_SHAPE_POLYGON => count > 0 && i32::try_from(count).is_ok(),
        other => {
            let message = format!("shape {other} is not one of DBAPI_SHAPE_LINE to CIRCLE");
            return Err(Error::programming(message));
        }
    };
    if !fits {
        let message = format!("shape {} cannot have {count} points", figure.shape);
        return Err(Error::programming(message));
    }
    if figure.shape == DBAPI_SHAPE_PATH && !matches!(figure.closed, 0 | 1) {
        let message = format!("closed is 0 or 1, not {}", figure.closed);
        return Err(Error::programming(message));
    }
    Ok((figure, points))
}

/// How many of its numbers a shape has.
fn numbers(shape: i32) -> usize {
    match shape {
        DBAPI_SHAPE_LINE => 3,
        DBAPI_SHAPE_CIRCLE => 1,
        _ => 0,
    }
}

/// The length of the binary form, if the figure is in order.
pub(super) fn binary_len(geometry: View<'_, Geometry>) -> Result<usize, Error> {
    let (figure, points) = checked(geometry)?;
    let head = match figure.shape {
        DBAPI_SHAPE_PATH => 5,
        DBAPI_SHAPE_POLYGON => 4,
        _ => 0,
    };
    Ok(head + size_of_val(points) + 8 * numbers(figure.shape))
}

/// Appends the binary form, of which `binary_len` has told the length.
pub(super) fn encode(geometry: View<'_, Geometry>, out: &mut BytesMut) {
    let Ok((figure, points)) = checked(geometry) else {
        return;
    };
    if figure.shape == DBAPI_SHAPE_PATH {
        out.put_u8(u8::from(figure.closed == 1));
    }
    if matches!(figure.shape, DBAPI_SHAPE_PATH | DBAPI_SHAPE_POLYGON) {
        out.put_i32(points.len() as i32);
    }
    for point in points {
        out.put_f64(point.x);
        out.put_f64(point.y);
    }
    for &number in figure.numbers.iter().take(numbers(figure.shape)) {
        out.put_f64(number);
    }
}

/// Appends the text of another figure. An error for one that its shape does not allow.
pub(super) fn format(geometry: View<'_, Geometry>, out: &mut String) -> Result<(), Error> {
    let (figure, points) = checked(geometry)?;
    let (before, behind) = match figure.shape {
        DBAPI_SHAPE_LINE => ("{", "}"),
        DBAPI_SHAPE_CIRCLE => ("<", ">"),
        DBAPI_SHAPE_LSEG => ("[", "]"),
        DBAPI_SHAPE_PATH if figure.closed == 0 => ("[", "]"),
        DBAPI_SHAPE_BOX => ("", ""),
        _ => ("(", ")"),
    };
    out.push_str(before);
    let mut first = true;
    let mut separate = |out: &mut String| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
    };
    for &point in points {
        separate(out);
        format_point(point, out);
    }
    for &number in figure.numbers.iter().take(numbers(figure.shape)) {
        separate(out);
        float::format_float8(number, out);
    }
    out.push_str(behind);
    Ok(())
}
