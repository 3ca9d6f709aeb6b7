"""What the measured notice says: by it, its copies are known."""

WORDS = "明天上午九点至十一点停水检修，请提前储水。"
