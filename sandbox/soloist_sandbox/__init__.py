"""Where code runs: the contract, two backends, the image, and the judgement on what ran. Imports nothing of ours."""
