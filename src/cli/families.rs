//! Whether the measures that are to be corrected are known.

use crate::config::{Config, nearest};
use crate::error::Failure;
use crate::measures;
use crate::schema::Schemas;

/// Refuses families of measures that no schema has: their q would be empty without a word.
pub(super) fn check(config: &Config, schemas: &Schemas) -> Result<(), Failure> {
    let mut known: Vec<&str> = measures::settings().iter().map(|measure| measure.family).collect();
    known.extend(schemas.iter().filter_map(|schema| schema.measure.as_deref()));
    known.sort_unstable();
    known.dedup();
    if let Some(family) = config.fdr.families.iter().find(|family| !known.contains(&family.as_str())) {
        let near = nearest(family, known.iter().copied());
        let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        return Err(Failure::usage(format!(
            "`fdr.families` holds `{family}`, which is not a measure{near} (known: {})\n(hint: a measure of your own \
             is known by its schema, in the folder of --definitions)",
            known.join(", ")
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::config::parse;
    use crate::measures;
    use crate::schema::Schemas;

    #[test]
    fn families_are_measures_of_the_schemas() {
        let schemas = Schemas::load(None).unwrap();
        let of =
            |text: &str| check(&parse("f.yaml", text, None, &measures::settings()).unwrap().config, &schemas);
        assert!(of("").is_ok());
        let told = of("fdr: {families: [TE, TRUECTE]}").unwrap_err().to_string();
        assert!(told.contains("holds `TRUECTE`") && told.contains("did you mean `TRUE_CTE`?"), "{told}");
        assert!(of("fdr: {families: [te]}").unwrap_err().to_string().contains("did you mean `TE`?"));
    }
}
