//! Reports as one HTML page each: style and plots stand inside it, nothing is fetched.

pub(crate) mod plot;
pub(crate) mod roc;
pub(crate) mod words;

pub(crate) use plot::PlotError;

use words::escaped;

const STYLE: &str = include_str!("page.css");

/// The whole page. `title` is text; `body` and `footer` are HTML already.
pub(crate) fn html(title: &str, body: &[String], footer: &str) -> String {
    let (title, body) = (escaped(title), body.join("\n"));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}\n<footer>{footer} \
         The page holds figures only, and nothing of any one person.</footer>\n</main>\n</body>\n</html>\n"
    )
}

/// Figures to be seen first, each with what it is.
pub(crate) fn tiles(tiles: impl IntoIterator<Item = (String, &'static str)>) -> String {
    let tile = |(value, name): (String, &str)| format!("<div class=\"tile\"><b>{value}</b><span>{name}</span></div>\n");
    format!("<div class=\"tiles\">\n{}</div>\n", tiles.into_iter().map(tile).collect::<String>())
}

/// A table whose columns from `numbers` on are right-aligned; cells are already safe HTML.
pub(crate) fn table(heads: &[&str], numbers: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let class = |column| if column >= numbers { " class=\"right\"" } else { "" };
    let heads: String =
        heads.iter().enumerate().map(|(column, head)| format!("<th{}>{head}</th>", class(column))).collect();
    let cells = |row: Vec<String>| -> String {
        row.iter().enumerate().map(|(column, cell)| format!("<td{}>{cell}</td>", class(column))).collect()
    };
    let rows: String = rows.into_iter().map(|row| format!("<tr>{}</tr>\n", cells(row))).collect();
    format!("<div class=\"scroll\"><table>\n<tr>{heads}</tr>\n{rows}</table></div>\n")
}

/// A plot with what it shows.
pub(crate) fn plotted(svg: &str, caption: &str) -> String {
    format!("<figure>\n{svg}<figcaption>{}</figcaption>\n</figure>\n", escaped(caption))
}

/// Whether something held, as a reader sees it at once.
pub(crate) fn mark(holds: bool, word: &str) -> String {
    let class = if holds { "held" } else { "broken" };
    format!("<span class=\"{class}\">{}</span>", escaped(word))
}

/// Every opened tag is closed, in order; attributes and text hold no stray bracket; nothing is fetched.
#[cfg(test)]
pub(crate) fn assert_well_formed(html: &str) {
    const VOID: [&str; 2] = ["meta", "!DOCTYPE"];
    let (mut open, mut rest) = (Vec::new(), html);
    while let Some(start) = rest.find(['<', '>']) {
        assert_eq!(rest.as_bytes()[start], b'<', "a stray bracket near {}", &rest[..rest.len().min(80)]);
        let end = start + rest[start..].find('>').expect("the tag ends");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<') && tag.matches('"').count() % 2 == 0, "{tag}");
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closing {tag}");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
    for fetched in ["src=", "href=", "@import", "url("] {
        assert!(!html.contains(fetched), "{fetched}");
    }
}
