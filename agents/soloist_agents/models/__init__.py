"""Language models behind one seam: messages in, completions out."""
