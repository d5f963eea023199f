using FlameEdge.Diagnostics;

namespace FlameEdge.Tasklets;

/// <summary>The role programs on board, by name. A factory each; nothing is found by reflection.</summary>
public sealed class RoleCatalog
{
    private readonly Dictionary<string, Func<RoleContext, IRole>> factories = new(StringComparer.Ordinal);

    /// <summary>Names of the programs, sorted.</summary>
    public IReadOnlySet<string> Names => new SortedSet<string>(factories.Keys, StringComparer.Ordinal);

    /// <summary>Adds a program, or puts one in place of a built-in one of the same name.</summary>
    public RoleCatalog Add(string name, Func<RoleContext, IRole> factory)
    {
        factories[name] = factory;
        return this;
    }

    /// <summary>Starts the program of a worker's role.</summary>
    /// <exception cref="TopologyException">No program of that name is on board.</exception>
    public IRole Create(string name, RoleContext context) => factories.TryGetValue(name, out var factory)
        ? factory(context)
        : throw new TopologyException($"role '{context.Worker.Role}' asks for the program '{name}', which is not on board; there are: {string.Join(", ", Names)}");
}
