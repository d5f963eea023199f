using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Mqtt.Access;

/// <summary>Makes out the least rights with which agents, controllers and operators can do their parts; what is not listed is forbidden.</summary>
public static class AccessRules
{
    private static readonly string[] AgentNotices = ["alive", "birth", "state", "metrics", "event"];
    private static readonly string[] JobNotices = ["spec", "state", "round", "event"];

    /// <summary>The rights of everybody named.</summary>
    /// <exception cref="TopologyException">A name cannot stand in a topic, or stands for two parts; or a telemetry filter is none.</exception>
    public static AccessList For(AccessRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        _ = new TopicScheme(request.Prefix);
        var names = request.Agents.Concat(request.Controllers).Concat(request.Operators).Select(agent => agent.Value).ToList();
        RequireUsable(names, request.Telemetry);
        IEnumerable<UserAccess> users =
        [
            .. request.Agents.Select(agent => OfAgent(request, agent)),
            .. request.Controllers.Select(controller => OfController(request.Prefix, controller.Value)),
            .. request.Operators.Select(user => OfOperator(request.Prefix, user.Value)),
        ];
        return new AccessList([.. users.OrderBy(user => user.User, StringComparer.Ordinal)]);
    }

    private static UserAccess OfAgent(AccessRequest request, AgentId agent)
    {
        var (prefix, name) = (request.Prefix, agent.Value);
        return new UserAccess(
            name,
            [
                .. Own(prefix, name),
                $"{prefix}/data/+/+/+/{name}/+/+",
                $"{prefix}/here/+/+/+/{name}/+",
                .. JobNotices.Select(notice => $"{prefix}/job/+/{name}/{notice}"),
            ],
            [
                $"{prefix}/fleet/{name}/task",
                $"{prefix}/fleet/{name}/config",
                $"{prefix}/fleet/{name}/birth",
                $"{prefix}/fleet/+/alive",
                .. request.AnyJob ? JobReading.OfAny(prefix) : request.Jobs.SelectMany(job => JobReading.Of(prefix, job, agent)).Distinct(),
                .. request.Telemetry.Select(filter => filter.Replace("%u", name, StringComparison.Ordinal)),
            ]);
    }

    private static UserAccess OfController(string prefix, string name) => new(
        name,
        [
            .. Own(prefix, name),
            $"{prefix}/fleet/+/task",
            .. JobNotices.Select(notice => $"{prefix}/job/+/{name}/{notice}"),
            $"{prefix}/data/+/spec/default/{name}/+/+",

            // It takes down the presence of workers whose agent was lost.
            $"{prefix}/here/+/+/+/+/+",
        ],
        [.. Watching(prefix), $"{prefix}/data/+/spec/default/+/+/controller", $"{prefix}/data/+/spec/default/+/+/controller_0"]);

    private static UserAccess OfOperator(string prefix, string name) => new(
        name,
        [
            .. Own(prefix, name),
            $"{prefix}/fleet/+/config",
            $"{prefix}/job/+/{name}/desired",
            $"{prefix}/data/+/spec/default/{name}/+/+",
            $"{prefix}/here/+/spec/default/{name}/+",
            $"{prefix}/fleet/{name}/probe/#",
        ],
        [.. Watching(prefix), $"{prefix}/data/+/spec/default/+/+/agent", $"{prefix}/data/+/spec/default/+/+/{name}_0"]);

    /// <summary>Everything but what models travel on.</summary>
    private static string[] Watching(string prefix) => [$"{prefix}/fleet/#", $"{prefix}/job/#", $"{prefix}/here/#"];

    private static IEnumerable<string> Own(string prefix, string name) => AgentNotices.Select(notice => $"{prefix}/fleet/{name}/{notice}");

    private static void RequireUsable(List<string> names, IReadOnlyList<string> telemetry)
    {
        // A wildcard in a user's name would widen every rule it stands in.
        if (names.FirstOrDefault(name => !SafeName.IsSafe(name)) is { } unsafeName)
        {
            throw new TopologyException($"'{unsafeName}' cannot be a user: use 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes, and none of {string.Join(", ", SafeName.Reserved)}");
        }

        if (names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new TopologyException($"'{twice.Key}' is named twice: an agent, a controller and an operator each have a user of their own");
        }

        if (telemetry.FirstOrDefault(filter => filter.Length is 0 or > 256 || filter.StartsWith('$') || filter.Any(char.IsControl) || filter.AsSpan().IndexOfAny(" \"'") >= 0 || filter is "#" or "+/#") is { } filter)
        {
            throw new TopologyException($"'{filter}' is no telemetry filter: name the topics agents learn from, such as plant/+/vibration or plant/%u/#");
        }
    }
}
