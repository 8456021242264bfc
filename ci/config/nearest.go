package config

// nearest gives the candidate with the least edit distance to word, the first
// of equals.
func nearest(word string, candidates []string) string {
	// Nobody mistypes a key into a hundred characters.
	if len(word) > 100 {
		word = word[:100]
	}
	best, least := "", -1
	for _, candidate := range candidates {
		if d := distance(word, candidate); least < 0 || d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is how many bytes must be inserted, deleted or changed to make b
// of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
