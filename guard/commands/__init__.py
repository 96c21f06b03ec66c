"""The commands of `headgate`, one a file; what each prints and the codes it exits with."""
