"""Selection: from many cheap samples to one answer, by votes and by what programs do."""
