using FlameEdge.Collaborative.Roles;
using FlameEdge.Federated;
using FlameEdge.Federated.Coordination;
using FlameEdge.Federated.Hybrid;
using FlameEdge.Federated.Ring;
using FlameEdge.Tasklets;

namespace FlameEdge.Hosting;

/// <summary>The role programs every FlameEdge process has on board.</summary>
public static class StandardRoles
{
    /// <summary>A fresh catalog of them, to which programs of your own can be added.</summary>
    public static RoleCatalog Catalog() => new RoleCatalog()
        .Add("trainer", context => new SynchronousTrainer(context))
        .Add("aggregator", context => new SynchronousAggregator(context))
        .Add(Topology.Programs.AsynchronousAggregator, context => AsynchronousMiddleAggregator.Fits(context) ? new AsynchronousMiddleAggregator(context) : new AsynchronousAggregator(context))
        .Add("middle-aggregator", context => new MiddleAggregator(context))
        .Add(Topology.Programs.Coordinator, context => new Coordinator(context))
        .Add(Topology.Programs.RingTrainer, context => new RingTrainer(context))
        .Add(Topology.Programs.HybridTrainer, context => new HybridTrainer(context))
        .Add("site", context => new SiteRole(context))
        .Add("directory", context => new DirectoryRole(context));
}
