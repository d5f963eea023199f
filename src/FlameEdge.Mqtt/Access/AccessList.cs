using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Diagnostics;

namespace FlameEdge.Mqtt.Access;

/// <summary>Who may write and read what at a broker; nobody else may do anything.</summary>
/// <param name="Users">One entry per user, in the order of their names.</param>
public sealed record AccessList(IReadOnlyList<UserAccess> Users)
{
    /// <summary>What a user may do; null for one that is not listed.</summary>
    public UserAccess? Find(string user) => Users.FirstOrDefault(entry => entry.User == user);

    /// <summary>Reads the embedded broker's access file.</summary>
    /// <exception cref="StateException">The file cannot be read or is no access list.</exception>
    public static AccessList Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), AccessJson.Default.AccessList) ?? throw new JsonException("it is null");
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the access list {file} cannot be read: {exception.Message}; write one with 'flame-edge topology acl --broker-type embedded'", exception);
        }
    }
}

/// <summary>JSON of access lists, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, WriteIndented = true)]
[JsonSerializable(typeof(AccessList))]
internal sealed partial class AccessJson : JsonSerializerContext;
