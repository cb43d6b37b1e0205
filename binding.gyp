{
	"targets": [
		{
			"target_name": "sluice",
			"type": "none",
			"actions": [
				{
					"action_name": "cmake-js",
					"inputs": ["CMakeLists.txt"],
					"outputs": ["build/native/Release/sluice.node"],
					"action": ["npx", "cmake-js", "compile", "--out", "build/native"]
				}
			]
		}
	]
}
