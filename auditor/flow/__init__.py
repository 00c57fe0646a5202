"""What Experience Platform says of its exports, read in our words: claims to be compared, never proof."""
