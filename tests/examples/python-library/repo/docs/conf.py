project = 'parser'
