return await FlameEdge.Agent.AgentHost.RunAsync(args);
