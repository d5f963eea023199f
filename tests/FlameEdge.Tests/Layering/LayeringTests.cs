using System.Text.RegularExpressions;
using System.Xml.Linq;
using FlameEdge.Parameters;

namespace FlameEdge.Tests.Layering;

/// <summary>docs/decisions/0002-layers.md, kept true.</summary>
public partial class LayeringTests
{
    private const int Bound = SourceTree.RegexBoundMilliseconds;
    private static readonly string[] Adapters = ["FlameEdge.Mqtt", "FlameEdge.LiteDb", "FlameEdge.Onnx", "FlameEdge.Torch"];

    // Hosts by what they build on; a host takes the technologies of the one below with it.
    private static readonly Dictionary<string, string[]> Hosts = new(StringComparer.Ordinal)
    {
        ["FlameEdge.Agent"] = ["FlameEdge", .. Adapters],
        ["FlameEdge.Agent.Torch"] = ["FlameEdge.Agent", "FlameEdge.Torch"],
        ["FlameEdge.Cli"] = ["FlameEdge.Agent"],
    };

    // What a technology's package and its namespaces start with, and the one project that may name them.
    private static readonly Dictionary<string, string> Owners = new(StringComparer.Ordinal)
    {
        ["MQTTnet"] = "FlameEdge.Mqtt",
        ["Polly"] = "FlameEdge.Mqtt",
        ["LiteDB"] = "FlameEdge.LiteDb",
        ["Microsoft.ML.OnnxRuntime"] = "FlameEdge.Onnx",
        ["Google.Protobuf"] = "FlameEdge.Onnx",
        ["TorchSharp"] = "FlameEdge.Torch",
        ["YamlDotNet"] = "FlameEdge.Cli",
        ["Spectre"] = "FlameEdge.Cli",
        ["System.CommandLine"] = "FlameEdge.Agent",
        ["ScottPlot"] = "FlameEdge.Cli",
        ["SkiaSharp"] = "FlameEdge.Cli",
    };

    // A folder of the core uses lower ones only; those of one line are strangers.
    private static readonly string[][] Layers =
    [
        ["Diagnostics", "Files"],
        ["Topology", "Parameters"],
        ["Rounds"],
        ["Channels", "Models", "State"],
        ["Tasklets"],
        ["Federated", "Collaborative"],
        ["Control"],
        ["Hosting"],
    ];

    private static readonly HashSet<(string Folder, string Type)> CoreTypes = [.. typeof(ParameterSet).Assembly.GetTypes()
        .Where(type => type is { IsNested: false, Namespace: not null } && type.Namespace.StartsWith("FlameEdge.", StringComparison.Ordinal))
        .SelectMany(type => (IEnumerable<(string, string)>)[(type.Namespace!.Split('.')[1], type.Name.Split('`')[0]), (type.Namespace.Split('.')[1], type.Namespace.Split('.')[^1])])];

    public static TheoryData<string> Projects => [.. SourceTree.Projects];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Hosts_use_adapters_and_adapters_only_the_core(string project)
    {
        var references = References(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)).ToArray();

        string[] allowed = project == "FlameEdge" ? [] : Adapters.Contains(project) ? ["FlameEdge"] : Hosts[project];
        Assert.Empty(references.Except(allowed));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_technology_is_named_by_one_project(string project)
    {
        var foreign = Owners.Where(owner => owner.Value != project && !(project == "FlameEdge.Cli" && owner.Value == "FlameEdge.Agent")).Select(owner => owner.Key).ToArray();

        Assert.DoesNotContain(References(project, "PackageReference"), package => foreign.Any(name => IsOf(package, name)));
        Assert.DoesNotContain(SourceTree.Lines(project), line => foreign.Any(name => Names(line.Text, name)));
    }

    [Fact]
    public void A_package_is_referenced_by_one_project()
    {
        var packages = SourceTree.Projects.SelectMany(project => References(project, "PackageReference").Distinct())
            .Where(package => !package.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal) && !package.StartsWith("System.IO.", StringComparison.Ordinal) && !package.StartsWith("System.Numerics.", StringComparison.Ordinal));

        Assert.DoesNotContain(packages.CountBy(package => package), count => count.Value > 1);
    }

    [Theory]
    [InlineData("FlameEdge")]
    [InlineData("FlameEdge.Mqtt")]
    [InlineData("FlameEdge.LiteDb")]
    [InlineData("FlameEdge.Onnx")]
    public void The_device_side_compiles_ahead_of_time(string project) =>
        Assert.Equal("true", XDocument.Load(SourceTree.ProjectFile(project)).Descendants("IsAotCompatible").SingleOrDefault()?.Value);

    [Theory]
    [InlineData("src/FlameEdge.Agent/FlameEdge.Agent.csproj")]
    [InlineData("src/FlameEdge.Cli/FlameEdge.Cli.csproj")]
    [InlineData("samples/my-own-role/MyOwnRole.csproj")]
    public void A_program_publishes_as_native_code(string project) =>
        Assert.Contains(XDocument.Load(Path.Combine(SourceTree.Root, project)).Descendants("Import"), import => import.Attribute("Project")!.Value.EndsWith("NativeProgram.props", StringComparison.Ordinal)); // An import names something.

    [Fact]
    public void Who_carries_libtorch_cures_its_binding()
    {
        var carriers = SourceTree.Files(SourceTree.Root, "*.csproj").Select(path => (Path: path, Text: File.ReadAllText(path)))
            .Where(project => project.Text.Contains("\"libtorch-", StringComparison.Ordinal));

        Assert.All(carriers, project =>
        {
            Assert.Contains("TorchNative.targets", project.Text, StringComparison.Ordinal);
            Assert.Contains("<RuntimeIdentifier>linux-x64<", project.Text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_folder_of_the_core_has_its_layer() =>
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(SourceTree.Root, "src", "FlameEdge")).Select(path => Path.GetFileName(path)).Except(["bin", "obj", .. Layers.SelectMany(layer => layer)]));

    [Fact]
    public void A_folder_of_the_core_uses_lower_ones_only()
    {
        var broken = new List<string>();
        foreach (var (rank, folder) in Layers.SelectMany((layer, rank) => layer.Select(folder => (rank, folder))).Where(pair => Directory.Exists(Path.Combine(SourceTree.Root, "src", "FlameEdge", pair.folder))))
        {
            string[] forbidden = [.. Layers.Skip(rank).SelectMany(layer => layer).Where(other => other != folder)];
            broken.AddRange(SourceTree.Lines("FlameEdge", folder).Where(line => Used(line.Text).Any(forbidden.Contains)).Select(line => $"{line.Place}: {line.Text.Trim()}"));
        }

        Assert.Empty(broken);
    }

    [Theory]
    [InlineData("using FlameEdge.State;", "State")]
    [InlineData("using Topology = FlameEdge.Topology.Reading;", "Topology")]
    [InlineData("    await store.CommitAsync([new State.StateChange(a, b)]);", "State")]
    [InlineData("    var nearest = Topology.Reading.NearestName.Of(name, names);", "Topology")]
    [InlineData("    Parameters.Replace(file, problems);", null)]
    [InlineData("    await context.State.CommitAsync(changes);", null)]
    public void The_rule_sees_usings_and_qualified_names(string line, string? folder) => Assert.Equal(folder is null ? [] : [folder], Used(line));

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_folder_is_a_namespace(string project)
    {
        var source = Path.Combine(SourceTree.Root, "src", project);
        var broken = SourceTree.Files(source, "*.cs")
            .Select(path => (Path: path, Namespace: Namespace().Match(File.ReadAllText(path))))
            .Where(file => file.Namespace.Success && file.Namespace.Groups["name"].Value != Expected(file.Path))
            .Select(file => $"{Path.GetRelativePath(SourceTree.Root, file.Path)}: {file.Namespace.Groups["name"].Value}");

        Assert.Empty(broken);

        string Expected(string path) => string.Join('.', Path.GetRelativePath(source, path).Split(Path.DirectorySeparatorChar)[..^1].Prepend(project));
    }

    [Fact]
    public void No_file_knows_a_developers_machine()
    {
        var broken = SourceTree.Files(SourceTree.Root)
            .Where(path => !IsBinary(path))
            .SelectMany(path => File.ReadLines(path).Select((line, index) => (Place: $"{Path.GetRelativePath(SourceTree.Root, path)}:{index + 1}", Line: line)))
            .Where(line => MachinePath().IsMatch(line.Line) || Registry().IsMatch(line.Line))
            .Select(line => $"{line.Place}: {line.Line.Trim()}");

        Assert.Empty(broken);
    }

    private static string[] References(string project, string kind) =>
        [.. XDocument.Load(SourceTree.ProjectFile(project)).Descendants(kind).Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/'))]; // A reference names something.

    private static bool IsOf(string package, string name) => package == name || package.StartsWith(name + ".", StringComparison.Ordinal);

    private static bool Names(string line, string name) =>
        Regex.IsMatch(line, $@"(?<![\w.""-]){Regex.Escape(name)}\.[A-Z]|^\s*(global )?using (static )?{Regex.Escape(name)}\s*[.;]", RegexOptions.None, SourceTree.RegexBound);

    /// <summary>Folders of the core that a line names: in a using, or before the name of a type that stands there.</summary>
    private static IEnumerable<string> Used(string line) =>
        Using().Match(line) is { Success: true } match
            ? [match.Groups["folder"].Value]
            : Qualified().Matches(line).Where(one => one.Groups["root"].Success || CoreTypes.Contains((one.Groups["folder"].Value, one.Groups["type"].Value))).Select(one => one.Groups["folder"].Value);

    private static bool IsBinary(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[8000];
        return start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)].Contains((byte)0);
    }

    [GeneratedRegex(@"^\s*(?:global )?using (?:static )?(?:\w+ = )?FlameEdge\.(?<folder>\w+)", RegexOptions.ExplicitCapture, Bound)]
    private static partial Regex Using();

    [GeneratedRegex(@"(?<![\w.])(?<root>FlameEdge\.)?(?<folder>[A-Z]\w+)(\.[A-Z]\w+)*?\.(?<type>[A-Z]\w+)", RegexOptions.ExplicitCapture, Bound)]
    private static partial Regex Qualified();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, Bound)]
    private static partial Regex Namespace();

    // A home, a workplace or a drive; the pattern must not match itself.
    [GeneratedRegex(@"(?<![\w.\-}])/(ho[m]e|ro[o]t|wo[r]k|Us[e]rs)/\w|[A-Z]:\\Us[e]rs", RegexOptions.ExplicitCapture, Bound)]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"https?://[\w.\-]*(nug[e]t|regist[r]y|artifact[o]ry|proxy)[\w.\-]*", RegexOptions.ExplicitCapture, Bound)]
    private static partial Regex Registry();
}
