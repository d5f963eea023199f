using FlameEdge.Cli;
using MyOwnRole;

return await FlameEdgeHost.RunAsync(args, roles => roles.Add("cautious-trainer", context => new CautiousTrainer(context)));
