// A workbook with the five questions of docs/watch.md. Each query is a file of its own, which also runs alone.

param name string
param location string
param tags object
param workspaceId string

var questions = [
  {
    title: 'Does the app work?'
    query: loadTextContent('queries/outcomes.kql')
  }
  {
    title: 'What was sent, with which result, and how long did people wait?'
    query: loadTextContent('queries/sends.kql')
  }
  {
    title: 'Do changes come back from Azure DevOps?'
    query: loadTextContent('queries/notifications.kql')
  }
  {
    title: 'What needs a person?'
    query: loadTextContent('queries/problems.kql')
  }
  {
    title: 'Which limits slow the app down?'
    query: loadTextContent('queries/limits.kql')
  }
]

var timeRange = {
  type: 9
  content: {
    version: 'KqlParameterItem/1.0'
    parameters: [
      {
        id: guid(name, 'TimeRange')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        type: 4
        isRequired: true
        value: {
          durationMs: 86400000
        }
        typeSettings: {
          selectableValues: [
            {
              durationMs: 3600000
            }
            {
              durationMs: 86400000
            }
            {
              durationMs: 604800000
            }
            {
              durationMs: 2592000000
            }
          ]
        }
      }
    ]
  }
  name: 'time-range'
}

var answers = [for (question, index) in questions: {
  type: 3
  content: {
    version: 'KqlItem/1.0'
    title: question.title
    query: question.query
    size: 0
    timeContextFromParameter: 'TimeRange'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
    visualization: 'table'
  }
  name: 'question-${index}'
}]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, name, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: '${name}: the five questions'
    sourceId: workspaceId
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([timeRange], answers)
      fallbackResourceIds: [
        workspaceId
      ]
    })
  }
}
