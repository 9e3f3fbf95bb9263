//! `connect completions` prints a completion script, and `connect man` writes manual pages.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use clap_complete::Shell;

use crate::{
    context,
    failure::{Exit, Failure},
    output::note,
    settings::Settings,
};

/// The arguments of `connect completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell that reads the script.
    #[arg(value_enum)]
    shell: Shell,
}

/// The arguments of `connect man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write a page for each command into this folder [default: print the page of connect].
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Completions {
    pub(crate) fn run(&self, settings: &Settings) -> ExitCode {
        context::run_local(settings, |out| {
            let mut script = Vec::new();
            clap_complete::generate(self.shell, &mut crate::Arguments::definition(), "connect", &mut script);
            out.write(&String::from_utf8_lossy(&script)).map(drop)
        })
    }
}

impl Man {
    pub(crate) fn run(&self, settings: &Settings) -> ExitCode {
        context::run_local(settings, |out| match &self.folder {
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(crate::Arguments::definition())
                    .render(&mut page)
                    .map_err(not_written)?;
                out.write(&String::from_utf8_lossy(&page)).map(drop)
            }
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(not_written)?;
                clap_mangen::generate_to(crate::Arguments::definition(), folder).map_err(not_written)?;
                note(&format!(
                    "Wrote the manual pages. Read the first: man {}",
                    folder.join("connect.1").display()
                ));
                Ok(())
            }
        })
    }
}

fn not_written(error: std::io::Error) -> Failure {
    Failure::new(Exit::Failed, "OUTPUT_ERROR", "cannot write the manual pages")
        .cause(error)
        .next("choose a folder that you can write to: connect man DIR")
}
