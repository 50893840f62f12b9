"""What a batch does over time: submit, watch, archive. All of it async, all of it on the loop thread."""
