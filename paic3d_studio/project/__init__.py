"""What the artist decided: a frozen project, edits as pure functions, history."""
