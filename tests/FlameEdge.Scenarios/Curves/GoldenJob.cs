using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Curves;

/// <summary>The job files of this assembly.</summary>
internal static class GoldenJob
{
    /// <summary>A job beside the tests.</summary>
    public static string Path(string job) => Command.Repository("tests", "FlameEdge.Scenarios", "Jobs", job + ".yaml");

    /// <summary>The text of another <c>topology:</c> section for that job, with aggregators between.</summary>
    public static string Tree(string job) => File.ReadAllText(Command.Repository("tests", "FlameEdge.Scenarios", "Jobs", "Trees", job + ".yaml"));

    /// <summary>The job's parameter <c>data</c> for a folder of the reference data.</summary>
    public static string Data(string folder) => "data=" + SharedData.Path("data", folder);
}
