return await FlameEdge.Cli.FlameEdgeHost.RunAsync(args);
