using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests;

/// <summary>The tool as a process of its own.</summary>
internal static class RealProcess
{
    private static readonly string Tool = Path.Combine(AppContext.BaseDirectory, "flame-edge.dll");

    /// <summary>Starts <c>flame-edge</c> as it was built.</summary>
    public static RunningProgram Start(params string[] args) => RunningProgram.Start(Tool, args);
}
