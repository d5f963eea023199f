using FlameEdge.Agent;
using FlameEdge.Hosting;
using FlameEdge.WatchedAgent;

return await AgentHost.RunAsync(args, roles =>
{
    var standard = StandardRoles.Catalog();
    foreach (var name in standard.Names)
    {
        roles.Add(name, context => new Once(standard.Create(name, context), context.Worker.Id.Value));
    }
});
