"""Where layers put texts: their outputs as points, reduced to maps, with numbers for how mixed the classes are."""
